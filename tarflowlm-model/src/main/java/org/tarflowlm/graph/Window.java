package org.tarflowlm.graph;

/**
 * The kind of window that a graph is built for.
 *
 * @param tokens T, tokens in a window: at most the context length and a multiple of the patch size
 * @param latents whether the graph reads latents instead of ids and noise
 * @param masked whether texts may be shorter than the window
 */
public record Window(int tokens, boolean latents, boolean masked) {
  /** Windows of ids that text fills completely. */
  public static Window of(int tokens) {
    return new Window(tokens, false, false);
  }
}
