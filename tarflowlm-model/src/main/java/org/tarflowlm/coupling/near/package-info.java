/**
 * The couplings under very many shared components, a vocabulary of 50,257 say, of which few lie near a row. Internal.
 *
 * <p>Why it is not simple: with all components a row costs K exponentials per channel. Joint log-densities in single precision, without an
 * exponential, find the components that can matter; a bound proves that those left out together are below e^-25 of a density and a
 * millionth of a tail. Where the proof fails, or most components are near, the row goes to {@code coupling.batch} or {@code coupling}.
 */
package org.tarflowlm.coupling.near;
