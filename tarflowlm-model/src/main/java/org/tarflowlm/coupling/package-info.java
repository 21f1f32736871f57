/**
 * The couplings of TarFlowLM (paper section 3.2, appendices A and B) and the tied codebook (section 3.1): mathematics on plain
 * {@code double} arrays, one position at a time. Every class holds its formula's forward map, log-density, gradient and inverse
 * side by side. Nothing here allocates: temporaries live in a {@link org.tarflowlm.coupling.Workspace}, one a thread.
 *
 * <p>Training spends its time in the classes named {@code ...Lanes}: forward maps and gradients on {@code float} arrays, many positions
 * at a time, in loops that become vector instructions. They know where single precision ends, and leave what lies beyond to the
 * scalar classes, which are also the reference that tests hold them against.
 *
 * <p>"Forward" is data to noise, z to u; log-determinants are log |det du/dz|; logarithms are natural.
 */
package org.tarflowlm.coupling;
