/**
 * The couplings with very many shared components, such as a vocabulary of 50,257, few of which lie near a row. Internal.
 *
 * <p>With all components, a row costs K exponentials per channel. Here, joint log-densities in single precision find the components that
 * can matter, without an exponential. A bound proves that all others together are below e^-25 of a density and a millionth of a tail.
 * If the proof fails, or most components are near, {@code coupling.batch} or {@code coupling} computes the row.
 */
package org.tarflowlm.coupling.near;
