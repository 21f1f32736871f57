package org.tarflowlm.nn;

import java.util.SplittableRandom;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The standard normal noise of the reparameterised encoder, z = mu[x] + sigma[x] * noise (paper section 3.1). A pure function of seed
 * and draw number, so that a resumed run sees the same noise as an uninterrupted one.
 */
public final class EncoderNoise {
  private EncoderNoise() {}

  /** Noise of shape {@code shape}, the same for the same seed, draw and shape. */
  public static INDArray draw(long seed, long draw, DataType type, long... shape) {
    long length = 1;
    for (long size : shape) {
      length *= size;
    }
    SplittableRandom random = new SplittableRandom(mix(seed) + draw * 0x9E3779B97F4A7C15L);
    int count = Math.toIntExact(length);
    if (type == DataType.DOUBLE) {
      double[] values = new double[count];
      for (int i = 0; i < count; i++) {
        values[i] = random.nextGaussian();
      }
      return Nd4j.createFromArray(values).reshape(shape);
    }
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return Nd4j.createFromArray(values).reshape(shape).castTo(type);
  }

  /** Spreads neighbouring seeds over the generator's state space (the finaliser of SplitMix64). */
  private static long mix(long seed) {
    long x = (seed ^ (seed >>> 30)) * 0xBF58476D1CE4E5B9L;
    x = (x ^ (x >>> 27)) * 0x94D049BB133111EBL;
    return x ^ (x >>> 31);
  }
}
