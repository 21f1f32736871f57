/**
 * Turns token ids into latent inputs FLOAT [batch, time, dim] (paper section 3.1): the noise of the encoder, or the latents themselves
 * from a frozen codebook. Noise depends only on the seed, the worker and where in the data it is used.
 */
package org.tarflowlm.data.latent;
