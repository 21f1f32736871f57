package org.tarflowlm.generate.parallel;

/**
 * How the blocks of parallel decoding are made and when a position of one is final.
 *
 * @param window positions of a block, at most
 * @param least a block has at least so many; more only as long as it is likely that the guesses before are right
 * @param tolerance what a flow reads may differ from what it should read by this much; 0 for not at all in single precision
 */
public record BlockRule(int window, int least, double tolerance) {}
