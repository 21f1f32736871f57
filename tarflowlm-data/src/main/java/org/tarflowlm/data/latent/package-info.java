/**
 * Token ids to latent inputs FLOAT [batch, time, dim] (paper section 3.1): the noise of the encoder, or the latents themselves from
 * a codebook that does not train. Noise is a function of seed, worker and place.
 */
package org.tarflowlm.data.latent;
