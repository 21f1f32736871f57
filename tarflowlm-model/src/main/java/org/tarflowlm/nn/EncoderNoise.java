package org.tarflowlm.nn;

import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.random.impl.GaussianDistribution;
import org.nd4j.linalg.api.rng.Random;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.backend.HostMemory;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.data.SplitMix64;
import org.tarflowlm.data.latent.GaussianNoise;
import org.tarflowlm.kernel.Parallel;

/**
 * The standard normal noise of the reparameterised encoder, z = mu[x] + sigma[x] * noise (paper section 3.1), as arrays. It depends only on
 * seed and draw number, so that a resumed run gets the same noise as an uninterrupted one.
 */
public final class EncoderNoise {
  private EncoderNoise() {}

  /** Noise of the given shape; equal arguments give equal noise, different draws independent noise. The caller closes the array. */
  public static INDArray draw(long seed, long draw, DataType type, long... shape) {
    return part(seed, draw, 0, type, shape);
  }

  /**
   * Noise of the given shape for one training step, drawn where the arrays are: on the CPU by {@link #draw}; on other backends by ND4J's
   * generator, without a copy from the host. Those numbers differ from {@link #draw}'s but are just as repeatable.
   */
  static INDArray ofStep(long seed, long draw, DataType type, long... shape) {
    if (HostMemory.isShared()) {
      return draw(seed, draw, type, shape);
    }
    Random random = Nd4j.getRandomFactory().getNewRandomInstance(SplitMix64.mix(SplitMix64.mix(seed + SplitMix64.STEP) + draw));
    return Nd4j.getExecutioner().exec(new GaussianDistribution(Nd4j.createUninitialized(type, shape), 0.0, 1.0), random);
  }

  /**
   * The tokens of a text for which noise is drawn.
   *
   * @param from its first token in the text
   * @param count of tokens
   */
  public record Part(long seed, long draw, long from, int count) {}

  /**
   * Noise for windows of several texts.
   *
   * @param tokens of a window, as many as a part has, or more: zeros follow
   * @return FLOAT [windows, tokens, d], the caller's
   */
  public static INDArray parts(List<Part> windows, int tokens, int d) {
    float[] values = new float[Math.multiplyExact(windows.size(), tokens * d)];
    Parallel.run(windows.size(), i -> {
      Part each = windows.get(i);
      float[] drawn = new GaussianNoise(each.seed(), 0).draw(each.draw(), each.from() * d, each.count() * d);
      System.arraycopy(drawn, 0, values, i * tokens * d, drawn.length);
    });
    return Nd4j.create(values, new long[] {windows.size(), tokens, d}, DataType.FLOAT);
  }

  /** The draw's noise from number {@code from} on, for tokens in the middle of a text. */
  public static INDArray part(long seed, long draw, long from, DataType type, long... shape) {
    int count = Math.toIntExact(ParameterShapes.length(shape));
    // an array of its own, not a view, so that it can be closed
    return Nd4j.create(new GaussianNoise(seed, 0).draw(draw, from, count), shape, type);
  }
}
