/**
 * One flow, and the stack of flows, on plain Java arrays in both directions: from noise u to latents z and back (paper section 3.3).
 *
 * <p>Weights are in single precision, as trained. The transformers compute in single precision; couplings, root finding and latents, on
 * which a flow's value directly depends, are in double precision. No code allocates per token once the scratch arrays of a pass exist.
 * Sequences of latents are {@code double[batch][positions * channels]}; a position is a patch of P tokens with P*d channels.
 */
package org.tarflowlm.flow;
