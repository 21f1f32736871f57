/**
 * Builders of the model's SameDiff graph, named after the paper's parts (section 3). Graphs use either Java kernels or compositions of
 * stock ops.
 */
package org.tarflowlm.graph;
