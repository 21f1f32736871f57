/**
 * Measures how good a model is: the ELBO and importance-weighted bounds in nats or bits, measures of the latents between flows, and
 * floating-point operations (paper appendices G and H).
 */
package org.tarflowlm.eval;
