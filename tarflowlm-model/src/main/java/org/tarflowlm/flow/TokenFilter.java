package org.tarflowlm.flow;

import java.util.Arrays;
import org.tarflowlm.vector.DoubleLoops;

/**
 * Reshapes a distribution over tokens, or over mixture components that stand for tokens: temperature, then top-k, then top-p, then
 * min-p, in the order of Hugging Face's generation. Immutable; threads may share it.
 */
public final class TokenFilter {
  /** Leaves every distribution unchanged. */
  public static final TokenFilter NONE = new TokenFilter(1.0, 0, 1.0, 0.0);
  /** Logit of a removed token: its exponential is zero, and differences with it stay finite. */
  static final double REMOVED = -1e30;
  private static final double COLD = 1e-6;

  private final double temperature;
  private final int topK;
  private final double topP;
  /** Min-p removes tokens whose logit is more than this below the largest; infinite if it removes none. */
  private final double reach;

  /**
   * @param temperature divides the logits; positive
   * @param topK keeps this many of the most probable tokens; 0 keeps all
   * @param topP keeps the smallest set of most probable tokens whose probabilities sum to at least this; 1 keeps all
   * @param minP removes tokens less probable than this share of the most probable one; 0 keeps all
   */
  TokenFilter(double temperature, int topK, double topP, double minP) {
    this.temperature = temperature;
    this.topK = topK;
    this.topP = topP;
    this.reach = -Math.log(minP);
  }

  /** Divides the logits. */
  double temperature() {
    return temperature;
  }

  /** Changes the logits in place. Keeps all ties at the limit of top-k or top-p. {@code scratch} is a temporary of the same length. */
  public void apply(double[] logits, double[] scratch) {
    if (temperature < COLD) {
      freeze(logits);
    } else if (temperature != 1.0) {
      for (int k = 0; k < logits.length; k++) {
        logits[k] /= temperature;
      }
    }
    if (topK > 0 && topK < logits.length) {
      sort(logits, scratch);
      remove(logits, scratch[logits.length - topK]);
    }
    if (topP < 1.0) {
      sort(logits, scratch);
      remove(logits, smallestKept(scratch));
    }
    if (reach < Double.POSITIVE_INFINITY) {
      remove(logits, DoubleLoops.max(logits, 0, logits.length) - reach);
    }
  }

  /** Divides the distances from the largest logit, because dividing the logits themselves might overflow. */
  private void freeze(double[] logits) {
    double most = DoubleLoops.max(logits, 0, logits.length);
    for (int k = 0; k < logits.length; k++) {
      logits[k] = Math.max(REMOVED, (logits[k] - most) / temperature);
    }
  }

  private static void sort(double[] logits, double[] ascending) {
    System.arraycopy(logits, 0, ascending, 0, logits.length);
    Arrays.sort(ascending);
  }

  private double smallestKept(double[] ascending) {
    double max = ascending[ascending.length - 1];
    double total = 0.0;
    for (double logit : ascending) {
      total += Math.exp(logit - max);
    }
    double kept = 0.0;
    for (int k = ascending.length - 1; k > 0; k--) {
      kept += Math.exp(ascending[k] - max);
      if (kept >= topP * total) {
        return ascending[k];
      }
    }
    return ascending[0];
  }

  private static void remove(double[] logits, double below) {
    for (int k = 0; k < logits.length; k++) {
      if (logits[k] < below) {
        logits[k] = REMOVED;
      }
    }
  }
}
