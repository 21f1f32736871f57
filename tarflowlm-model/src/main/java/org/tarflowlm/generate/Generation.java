package org.tarflowlm.generate;

/**
 * One generated sequence.
 *
 * @param prompt the tokens it continues
 * @param tokens the new tokens
 * @param text what the new tokens stand for; where a stop string ends within the last of them, up to its end
 * @param levels with {@code showFlows}, the new tokens decoded at every level of the stack, [L + 1][tokens], from z to u; else empty
 * @param latents with {@code showFlows}, the latents of the new tokens at the same levels, [L + 1][tokens * d]; else empty
 * @param exact whether the latents are an exact draw from the model under the given options, given the latents of the prompt, rather
 *     than an approximation (see {@link SpanSampler}). The prompt's latents are drawn from the encoder q(z|x), and a latent becomes its
 *     most probable token; a text longer than the window is exact window by window, each given the half window before it
 * @param accepted share of the Metropolis steps that were accepted; 1 if there were none
 */
public record Generation(int[] prompt, int[] tokens, String text, int[][] levels, double[][] latents, boolean exact,
    double accepted) {}
