package org.tarflowlm.data.latent;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.MultiDataSetPreProcessor;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.text.BatchNumbered;

/**
 * The last stage before the flow: turns batches of ids into what it takes. Labels stay the ids, INT [batch, time].
 *
 * <p>Noise depends on seed, worker and the batch's number alone. {@code WindowIterator} gives the number, so that batches found
 * by seek have their own noise; with other iterators batches are counted from the last {@link #startBatch}.
 */
public final class LatentPreProcessor implements MultiDataSetPreProcessor, BatchNumbered {
  private static final long serialVersionUID = 1L;

  private final int dim;
  private final long seed;
  private final int worker;
  private final LatentCodebook codebook;
  private transient GaussianNoise noise;
  private long next;

  private LatentPreProcessor(int dim, LatentCodebook codebook, long seed, int worker) {
    if (dim < 1) {
      throw new DataException("latent width is " + dim + "; expected at least 1");
    }
    this.dim = dim;
    this.codebook = codebook;
    this.seed = seed;
    this.worker = worker;
  }

  /**
   * Features become ids, INT [batch, time], and the noise eps of the reparameterised encoder, FLOAT [batch, time, dim].
   *
   * @param dim width d of a latent
   * @param worker differs between workers
   */
  public static LatentPreProcessor noise(int dim, long seed, int worker) {
    return new LatentPreProcessor(dim, null, seed, worker);
  }

  /**
   * Features become the latents z alone, FLOAT [batch, time, d].
   *
   * @param worker differs between workers
   */
  public static LatentPreProcessor latents(LatentCodebook codebook, long seed, int worker) {
    return new LatentPreProcessor(codebook.dim(), codebook, seed, worker);
  }

  @Override
  public void startBatch(long batch) {
    next = batch;
  }

  @Override
  public void preProcess(MultiDataSet batch) {
    if (noise == null) {
      noise = new GaussianNoise(seed, worker);
    }
    INDArray ids = batch.getFeatures(0);
    float[] eps = noise.draw(next++, Math.toIntExact(ids.length() * dim));
    if (codebook == null) {
      batch.setFeatures(new INDArray[] {ids, shaped(eps, ids)});
    } else {
      batch.setFeatures(new INDArray[] {shaped(codebook.encode(ids.dup('c').data().asInt(), eps), ids)});
    }
  }

  private INDArray shaped(float[] values, INDArray ids) {
    return Nd4j.createFromArray(values).reshape(ids.size(0), ids.size(1), dim);
  }
}
