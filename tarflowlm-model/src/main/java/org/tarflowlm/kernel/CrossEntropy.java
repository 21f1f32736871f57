package org.tarflowlm.kernel;

import org.bytedeco.javacpp.FloatPointer;
import org.tarflowlm.vector.FloatLoops;
import org.tarflowlm.vector.FloatMath;

/**
 * Cross-entropy of a softmax, in nats per row: loss = logsumexp(logits) - logits[id].
 *
 * <pre>
 *   logits, dLogits [rows, vocabulary]    ids [rows]    loss, dLoss [rows]
 *   dLogits = dLoss (softmax(logits) - onehot(id))
 * </pre>
 *
 * <p>Several rows of a small vocabulary share one pass of exp; the backward pass recomputes the probabilities.
 */
public final class CrossEntropy {
  private static final int CHUNK = 8_192;

  private CrossEntropy() {}

  /** Fills loss; throws an IllegalArgumentException if an id is outside the vocabulary. */
  public static void forward(FloatPointer logits, int[] ids, FloatPointer loss, int rows, int vocabulary) {
    Embedding.checkIds(ids, vocabulary);
    int chunk = Math.max(1, CHUNK / vocabulary);
    Parallel.run((rows + chunk - 1) / chunk, task -> {
      int first = task * chunk;
      int count = Math.min(chunk, rows - first);
      Scratch scratch = Scratch.get();
      float[] e = scratch.floats(0, count * vocabulary);
      float[] result = scratch.floats(1, count);
      scratch.view(0, logits, (long) first * vocabulary).get(e, 0, count * vocabulary);
      subtractMaxima(e, count, vocabulary);
      for (int row = 0; row < count; row++) {
        result[row] = -e[row * vocabulary + ids[first + row]];
      }
      FloatMath.coarseExp(e, count * vocabulary);
      for (int row = 0; row < count; row++) {
        result[row] += (float) Math.log(FloatLoops.sum(e, row * vocabulary, vocabulary));
      }
      scratch.view(0, loss, first).put(result, 0, count);
    });
  }

  /** Fills dLogits. */
  public static void backward(FloatPointer logits, int[] ids, FloatPointer dLoss, FloatPointer dLogits, int rows, int vocabulary) {
    Embedding.checkIds(ids, vocabulary);
    int chunk = Math.max(1, CHUNK / vocabulary);
    Parallel.run((rows + chunk - 1) / chunk, task -> {
      int first = task * chunk;
      int count = Math.min(chunk, rows - first);
      Scratch scratch = Scratch.get();
      float[] e = scratch.floats(0, count * vocabulary);
      float[] weight = scratch.floats(1, count);
      scratch.view(0, logits, (long) first * vocabulary).get(e, 0, count * vocabulary);
      scratch.view(0, dLoss, first).get(weight, 0, count);
      subtractMaxima(e, count, vocabulary);
      FloatMath.coarseExp(e, count * vocabulary);
      for (int row = 0; row < count; row++) {
        int at = row * vocabulary;
        FloatLoops.scale(e, at, vocabulary, weight[row] / FloatLoops.sum(e, at, vocabulary));
        e[at + ids[first + row]] -= weight[row];
      }
      scratch.view(0, dLogits, (long) first * vocabulary).put(e, 0, count * vocabulary);
    });
  }

  private static void subtractMaxima(float[] e, int rows, int vocabulary) {
    for (int row = 0; row < rows; row++) {
      int at = row * vocabulary;
      FloatLoops.subtract(e, at, vocabulary, FloatLoops.max(e, at, vocabulary));
    }
  }
}
