/**
 * Decodes one sequence in blocks of positions, by fixed-point iteration from guesses. This changes how long generation takes, never the
 * text. The package drives {@link org.tarflowlm.flow.FlowTransform}, which does not depend on it.
 */
package org.tarflowlm.generate.parallel;
