/**
 * Builders of the model's SameDiff graph, named after the paper's parts (section 3), in one of two kernel choices: the Java kernels, or a
 * composition of stock ops.
 */
package org.tarflowlm.graph;
