/**
 * The couplings of TarFlowLM (paper section 3.2, appendices A and B) and the tied codebook (section 3.1), computed on plain
 * {@code double} arrays, one position at a time. Every class has its formula's forward map, log-density, gradient and inverse.
 * The mathematics allocates nothing: temporaries live in a {@link org.tarflowlm.coupling.Workspace}, one per thread.
 *
 * <p>Training spends its time in {@code coupling.batch} and {@code coupling.near}, whose classes are named after those here. They detect
 * where single precision fails and then call this package, which is also the reference that tests compare them with.
 *
 * <p>"Forward" is data to noise, z to u; log-determinants are log |det du/dz|; logarithms are natural.
 */
package org.tarflowlm.coupling;
