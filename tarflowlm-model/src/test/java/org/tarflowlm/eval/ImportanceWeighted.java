package org.tarflowlm.eval;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.nn.EncoderNoise;
import org.tarflowlm.nn.TarFlowLayer;

/**
 * The importance-weighted bound of a window: log of the mean over K samples z ~ q(z|x) of p(x|z) p(z) / q(z|x). For K = 1 it is the ELBO.
 * The bound rises with K towards log p(x); its exponential is an unbiased estimate of p(x).
 */
public final class ImportanceWeighted {
  private static final int ROWS = 256;

  private final TarFlowLayer layer;
  private final long seed;
  private final int samples;

  /**
   * @param seed of the encoder's noise
   * @param samples K, at least 1
   */
  public ImportanceWeighted(TarFlowLayer layer, long seed, int samples) {
    if (samples < 1) {
      throw new IllegalArgumentException("samples is " + samples + "; expected at least 1");
    }
    this.layer = layer;
    this.seed = seed;
    this.samples = samples;
  }

  /**
   * Bound of one window.
   *
   * @param window token ids, at most the context length and a multiple of the patch size
   * @param stream identifies the window: equal streams see equal noise
   * @return nats per window
   */
  public double logLikelihood(int[] window, long stream) {
    Likelihood.LogMeanExp weights = new Likelihood.LogMeanExp();
    int chunks = (samples + ROWS - 1) / ROWS;
    for (int chunk = 0; chunk < chunks; chunk++) {
      int rows = Math.min(ROWS, samples - chunk * ROWS);
      for (double value : elbos(window, rows, stream * chunks + chunk)) {
        weights.add(value);
      }
    }
    return weights.value();
  }

  private double[] elbos(int[] window, int rows, long draw) {
    int[] batch = new int[rows * window.length];
    for (int row = 0; row < rows; row++) {
      System.arraycopy(window, 0, batch, row * window.length, window.length);
    }
    try (INDArray ids = Nd4j.createFromArray(batch).reshape(rows, window.length);
        INDArray noise = EncoderNoise.draw(seed, draw, DataType.FLOAT, rows, window.length, layer.model().latentDim());
        INDArray result = layer.logLikelihood(ids, noise)) {
      return result.castTo(DataType.DOUBLE).data().asDouble();
    }
  }
}
