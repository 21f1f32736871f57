package org.tarflowlm.generate;

/**
 * One generated sequence.
 *
 * @param prompt the tokens it continues
 * @param tokens the new tokens
 * @param text text of the new tokens, cut after a stop string that ends inside the last of them
 * @param levels with {@code showFlows}, the new tokens decoded at every level of the stack, [L + 1][tokens], from z to u; else empty
 * @param latents with {@code showFlows}, the latents of the new tokens at the same levels, [L + 1][tokens * d]; else empty
 * @param exact whether the new latents are an exact draw from the model with the given options, given the prompt's latents; false for an
 *     approximation (see {@link SpanSampler}). The encoder q(z|x) draws the prompt's latents, and each new latent is decoded to its most
 *     probable token. A text longer than the window is exact window by window, each given the half window before it
 * @param accepted accepted share of the Metropolis steps; 1 if there were none
 */
public record Generation(int[] prompt, int[] tokens, String text, int[][] levels, double[][] latents, boolean exact,
    double accepted) {}
