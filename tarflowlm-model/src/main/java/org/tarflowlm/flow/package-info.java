/**
 * One flow, and the stack of flows, on plain Java arrays in both directions: noise u to latents z and latents to noise (paper section
 * 3.3).
 *
 * <p>Weights are single precision, as trained; the transformers compute in single precision, and everything that a flow's value
 * depends on directly (couplings, root finding, latents) in double precision. Nothing allocates per token once the
 * scratch arrays of a pass exist. Sequences of latents are {@code double[batch][positions * channels]}, row by row; a position is a
 * patch of P tokens with P*d channels.
 */
package org.tarflowlm.flow;
