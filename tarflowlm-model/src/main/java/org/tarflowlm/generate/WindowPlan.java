package org.tarflowlm.generate;

import java.util.ArrayList;
import java.util.List;

/**
 * How a text is cut into windows of the model. A text that fits one window is one window, no longer than needed. A longer one slides:
 * each window but the first starts with the last half window of the text so far, which is carried over as it is.
 *
 * <p>Windows hold whole patches, aligned to the end of the prompt: up to P - 1 of its first tokens are not read.
 *
 * @param context known tokens at the window's start
 * @param fresh tokens generated after them
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
