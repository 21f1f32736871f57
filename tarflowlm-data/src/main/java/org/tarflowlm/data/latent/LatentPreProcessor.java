package org.tarflowlm.data.latent;

import java.io.Serializable;
import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.MultiDataSetPreProcessor;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.windows.WindowIterator;

/**
 * The last stage before the flow: turns batches of ids into the inputs of a network, either ids and noise or latents. Labels are the ids,
 * INT [batch, time]. Ids may also come as DataVec sequences, [batch, 1, time]; their masks are kept.
 *
 * <p>Noise depends only on the seed, the worker and the number of the batch. {@code WindowIterator} passes the number, so that a batch
 * after a seek gets its own noise. With other iterators, batches are counted from the last {@link #startBatch}.
 */
public final class LatentPreProcessor implements MultiDataSetPreProcessor, WindowIterator.Numbered, Serializable {
  private static final long serialVersionUID = 1L;

  private final int dim;
  private final long seed;
  private final int worker;
  private final LatentCodebook codebook;
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
   * @throws DataException if dim is below 1
   */
  public static LatentPreProcessor noise(int dim, long seed, int worker) {
    return new LatentPreProcessor(dim, null, seed, worker);
  }

  /**
   * Features become the latents z alone, FLOAT [batch, time, dim].
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
    INDArray ids = ids(batch.getFeatures(0));
    float[] eps = new GaussianNoise(seed, worker).draw(next++, Math.toIntExact(ids.length() * dim));
    if (codebook == null) {
      batch.setFeatures(new INDArray[] {ids, shaped(eps, ids)});
      INDArray[] masks = batch.getFeaturesMaskArrays();
      batch.setFeaturesMaskArrays(masks == null ? null : new INDArray[] {masks[0], masks[0]});
    } else {
      batch.setFeatures(new INDArray[] {shaped(codebook.encode(ids.dup('c').data().asInt(), eps), ids)});
    }
    batch.setLabels(new INDArray[] {ids});
  }

  private static INDArray ids(INDArray array) {
    if (array.rank() == 3 && array.size(1) == 1) {
      return array.reshape('c', array.size(0), array.size(2)).castTo(DataType.INT32);
    }
    if (array.rank() != 2) {
      throw new DataException("ids have shape " + Arrays.toString(array.shape()) + "; expected [batch, time], or [batch, 1, time]");
    }
    return array.dataType() == DataType.INT32 ? array : array.castTo(DataType.INT32);
  }

  private INDArray shaped(float[] values, INDArray ids) {
    return Nd4j.createFromArray(values).reshape(ids.size(0), ids.size(1), dim);
  }
}
