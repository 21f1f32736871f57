package org.tarflowlm.kernel;

import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;
import org.tarflowlm.vector.FloatLoops;
import org.tarflowlm.vector.FloatMath;

/**
 * One step of Adam (Kingma and Ba, 2015) with decoupled weight decay (Loshchilov and Hutter, 2019) over flat arrays, in place.
 *
 * <pre>
 *   m = beta1 m + (1 - beta1) g      v = beta2 v + (1 - beta2) g^2
 *   g = rate sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + epsilon)        the update
 *   g = g + decay p                  p = p - g
 * </pre>
 *
 * <p>{@link #apply}, {@link #decay} and DL4J's subtraction run these lines one by one, each in a pass over memory; {@link #step} runs
 * them in one pass, with the same bits. At three million parameters the arrays exceed the caches and memory limits the speed: one pass
 * needs nine transfers per element instead of fourteen. Work runs on all cores, in chunks that stay in the first-level cache; ND4J's own
 * op uses one core. Averages below 3e-24 become 0 ({@link FloatMath#FLUSH}): rows of tokens not seen for 700 steps would otherwise take
 * four times as long. With a rate of zero nothing changes, whereas ND4J's op replaces the rate by epsilon.
 */
public final class AdamUpdate {
  private static final int CHUNK = 1_024;
  /** Squares of smaller gradients would be below 1e-38; its own vanishes beside {@link FloatMath#FLUSH}. */
  private static final float LEAST = 1e-17f;

  /**
   * The numbers of one step.
   *
   * @param scale rate sqrt(1 - beta2^t) / (1 - beta1^t)
   */
  public record Coefficients(float scale, float beta1, float beta2, float epsilon) {
    /** @param step t, from 1 */
    public static Coefficients of(double rate, double beta1, double beta2, double epsilon, int step) {
      return new Coefficients((float) (rate * Math.sqrt(1 - Math.pow(beta2, step)) / (1 - Math.pow(beta1, step))), (float) beta1,
          (float) beta2, (float) epsilon);
    }
  }

  /**
   * Consecutive ranges of parameters with different weight decay.
   *
   * @param ends first element after each range, ascending; the last is the number of parameters
   * @param decays decay factor of each range
   */
  public record Decays(long[] ends, float[] decays) {}

  private AdamUpdate() {}

  /**
   * Computes the update alone.
   *
   * @param g [count] the gradient; becomes the update
   * @param m [count] moving average of the gradient
   * @param v [count] moving average of the squared gradient
   */
  public static void apply(FloatPointer g, FloatPointer m, FloatPointer v, long count, Coefficients c) {
    Scratch.inChunks(count, CHUNK, (scratch, first, n) -> {
      float[] gradient = read(scratch, 0, g, first, n);
      float[] mean = read(scratch, 1, m, first, n);
      float[] square = read(scratch, 2, v, first, n);
      update(gradient, mean, square, c.scale, c.beta1, c.beta2, c.epsilon, n);
      scratch.view(0, g, first).put(gradient, 0, n);
      scratch.view(1, m, first).put(mean, 0, n);
      scratch.view(2, v, first).put(square, 0, n);
    });
  }

  /** g += decay p, both [count]. */
  public static void decay(FloatPointer p, FloatPointer g, long count, float decay) {
    Scratch.inChunks(count, CHUNK, (scratch, first, n) -> {
      float[] gradient = read(scratch, 0, g, first, n);
      decay(read(scratch, 3, p, first, n), gradient, decay, n);
      scratch.view(0, g, first).put(gradient, 0, n);
    });
  }

  /**
   * Runs the whole step.
   *
   * @param p [count] the parameters
   * @param g [count] the gradient; becomes the update that was subtracted from the parameters
   * @param m [count] moving average of the gradient
   * @param v [count] moving average of the squared gradient
   * @param factor multiplies the gradient, for clipping
   * @param divisor divides the gradient: the batch size
   */
  public static void step(FloatPointer p, FloatPointer g, FloatPointer m, FloatPointer v, float factor, float divisor,
      Coefficients c, Decays decays) {
    long count = decays.ends[decays.ends.length - 1];
    Scratch.inChunks(count, CHUNK, (scratch, first, n) -> {
      float[] gradient = read(scratch, 0, g, first, n);
      float[] mean = read(scratch, 1, m, first, n);
      float[] square = read(scratch, 2, v, first, n);
      float[] parameter = read(scratch, 3, p, first, n);
      scale(gradient, factor, divisor, n);
      update(gradient, mean, square, c.scale, c.beta1, c.beta2, c.epsilon, n);
      decay(decays, first, n, parameter, gradient, scratch.floats(4, CHUNK));
      FloatLoops.subtract(parameter, gradient, n);
      scratch.view(0, g, first).put(gradient, 0, n);
      scratch.view(1, m, first).put(mean, 0, n);
      scratch.view(2, v, first).put(square, 0, n);
      scratch.view(3, p, first).put(parameter, 0, n);
    });
  }

  private static float[] read(Scratch scratch, int slot, FloatPointer from, long first, int n) {
    float[] result = scratch.floats(slot, CHUNK);
    scratch.view(slot, from, first).get(result, 0, n);
    return result;
  }

  private static void scale(float[] g, float factor, float divisor, int n) {
    for (int i = 0; i < n; i++) {
      g[i] = g[i] * factor / divisor;
    }
  }

  private static void update(float[] g, float[] mean, float[] square, float scale, float beta1, float beta2, float epsilon, int n) {
    for (int i = 0; i < n; i++) {
      float m = beta1 * mean[i] + (1 - beta1) * g[i] + FloatMath.FLUSH - FloatMath.FLUSH;
      float size = Math.max(Math.abs(g[i]), LEAST);
      float v = beta2 * square[i] + (1 - beta2) * size * size + FloatMath.FLUSH - FloatMath.FLUSH;
      mean[i] = m;
      square[i] = v;
      g[i] = scale * m / ((float) Math.sqrt(v) + epsilon);
    }
  }

  private static void decay(float[] p, float[] g, float decay, int n) {
    for (int i = 0; i < n; i++) {
      g[i] += decay * p[i];
    }
  }

  /** Weight decay of a chunk, which may hold several ranges; {@code factors} receives one factor per parameter. */
  private static void decay(Decays decays, long first, int n, float[] p, float[] g, float[] factors) {
    int stretch = Arrays.binarySearch(decays.ends, first + 1);
    stretch = stretch < 0 ? -stretch - 1 : stretch;
    if (decays.ends[stretch] >= first + n) {
      decay(p, g, decays.decays[stretch], n);
      return;
    }
    for (int i = 0; i < n; stretch++) {
      int end = (int) Math.min(n, decays.ends[stretch] - first);
      Arrays.fill(factors, i, end, decays.decays[stretch]);
      i = end;
    }
    FloatLoops.addProduct(g, factors, p, n);
  }
}
