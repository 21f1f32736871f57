/**
 * Decoding of one sequence in blocks of positions, by fixed-point iteration from guesses. It changes how long generation takes, never
 * the text, and drives {@link org.tarflowlm.flow.FlowTransform}, which knows nothing of it.
 */
package org.tarflowlm.generate.parallel;
