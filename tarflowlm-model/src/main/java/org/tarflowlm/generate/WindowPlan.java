package org.tarflowlm.generate;

import java.util.ArrayList;
import java.util.List;

/**
 * One of the windows into which a text is cut. A text that fits the model's window gets one window, no longer than needed. Otherwise
 * each window after the first starts with the last half window of the text so far, whose latents it takes over unchanged.
 *
 * <p>Windows hold whole patches of P tokens, aligned to the end of the prompt: up to P - 1 of its first tokens are ignored.
 *
 * @param context known tokens at the window's start
 * @param fresh tokens to generate after them
 */
record WindowPlan(int context, int fresh) {

  /**
   * The windows of a generation.
   *
   * @throws IllegalArgumentException if the prompt is shorter than a patch, but not empty
   */
  static List<WindowPlan> of(int promptTokens, int newTokens, int window, int patch) {
    if (promptTokens > 0 && promptTokens < patch) {
      throw new IllegalArgumentException("the prompt has " + promptTokens + " tokens; expected none or at least a patch of " + patch);
    }
    int context = wholePatches(promptTokens, patch);
    int half = wholePatches(window / 2, patch);
    int left = wholePatches(newTokens + patch - 1, patch);
    if (context + left > window) {
      context = Math.min(context, half);
    }
    List<WindowPlan> plan = new ArrayList<>();
    while (left > 0) {
      int fresh = Math.min(left, window - context);
      plan.add(new WindowPlan(context, fresh));
      left -= fresh;
      context = Math.min(half, context + fresh);
    }
    return plan;
  }

  int tokens() {
    return context + fresh;
  }

  private static int wholePatches(int tokens, int patch) {
    return tokens / patch * patch;
  }
}
