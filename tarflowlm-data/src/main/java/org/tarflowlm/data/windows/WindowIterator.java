package org.tarflowlm.data.windows;

import java.util.NoSuchElementException;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.MultiDataSetPreProcessor;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.data.Backend;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.tokens.TokenSequence;

/**
 * Batches of token windows for training: features[0] and labels[0] are the same INT array of ids [batch, time].
 *
 * <p>Windows are numbered through all passes (epochs) in {@link WindowOrder}. Batch n holds windows n * batch to (n + 1) * batch - 1, so
 * that {@link #seek} finds any batch at once and a resumed training sees the same batches. A batch may cross the end of a pass; only the
 * last batch of a limited number of passes may be smaller.
 *
 * <p>Worker k of n takes every n-th window, starting at window k: workers never share a window.
 *
 * <p>Prefetching is safe (DL4J itself wraps iterators in AsyncMultiDataSetIterator). A trainer that resumes should count its own steps,
 * since {@link #position()} runs ahead by the prefetched batches.
 */
public final class WindowIterator implements MultiDataSetIterator {
  private static final long serialVersionUID = 1L;

  private final transient TokenSequence tokens;
  private final transient WindowOrder order;
  private final int length;
  private final int batch;
  private final long passes;
  private final int shard;
  private final int shards;
  private MultiDataSetPreProcessor preProcessor;
  private long firstPass;
  private long batchesBeforeReset;
  private long next;

  private WindowIterator(Builder b) {
    Backend.ensure();
    tokens = b.tokens;
    length = b.length;
    batch = b.batch;
    passes = b.passes;
    shard = b.shard;
    shards = b.shards;
    order = new WindowOrder(tokens.length(), length, b.shuffled, b.seed);
    if (windows() < 1) {
      throw new DataException("worker " + shard + " of " + shards + " has no window: the text has " + order.perPass()
          + " windows of " + length + " tokens");
    }
  }

  /** @param length tokens in a window */
  public static Builder builder(TokenSequence tokens, int length) {
    return new Builder(tokens, length);
  }

  /** Number of windows in one pass over the corpus, all workers together. */
  public long windowsPerPass() {
    return order.perPass();
  }

  /** Number of batches in all passes, or Long.MAX_VALUE if endless. */
  public long batches() {
    return passes == 0 ? Long.MAX_VALUE : (windows() + batch - 1) / batch;
  }

  /** Number of the next batch, counted from 0. */
  public long position() {
    return next;
  }

  /**
   * Makes batch n (counted from 0) the next one.
   *
   * @throws DataException unless n is 0 to {@link #batches()}
   */
  public void seek(long n) {
    if (n < 0 || n > batches()) {
      throw new DataException("batch " + n + " requested; expected 0 to " + batches());
    }
    next = n;
  }

  /** Windows of this worker in all passes. */
  private long windows() {
    return passes == 0 ? Long.MAX_VALUE : (passes * order.perPass() - shard + shards - 1) / shards;
  }

  @Override
  public boolean hasNext() {
    return next < batches();
  }

  @Override
  public MultiDataSet next() {
    if (!hasNext()) {
      throw new NoSuchElementException("no batch after " + batches());
    }
    long first = next * batch;
    int rows = (int) Math.min(batch, windows() - first);
    int[] ids = new int[rows * length];
    for (int row = 0; row < rows; row++) {
      long window = (first + row) * shards + shard;
      long pass = firstPass + window / order.perPass();
      tokens.read(order.start(pass, window % order.perPass()), ids, row * length, length);
    }
    INDArray array = Nd4j.createFromArray(ids).reshape(rows, length);
    MultiDataSet result = new org.nd4j.linalg.dataset.MultiDataSet(array, array);
    if (preProcessor instanceof Numbered numbered) {
      numbered.startBatch(batchesBeforeReset + next);
    }
    if (preProcessor != null) {
      preProcessor.preProcess(result);
    }
    next++;
    return result;
  }

  /**
   * Supports only the batch size of this iterator, since {@link #seek} counts batches.
   *
   * @throws DataException if {@code rows} is another number
   */
  @Override
  public MultiDataSet next(int rows) {
    if (rows != batch) {
      throw new DataException("batch of " + rows + " windows requested from an iterator over batches of " + batch);
    }
    return next();
  }

  /**
   * Goes back to the start. A shuffled iterator over a limited number of passes continues with the next passes instead, so that {@code
   * fit(iterator, epochs)} shuffles again in every epoch.
   */
  @Override
  public void reset() {
    if (next > 0) {
      firstPass += passes;
      batchesBeforeReset += passes == 0 ? 0 : batches();
    }
    next = 0;
  }

  @Override
  public boolean resetSupported() {
    return true;
  }

  @Override
  public boolean asyncSupported() {
    return true;
  }

  @Override
  public void setPreProcessor(MultiDataSetPreProcessor preProcessor) {
    this.preProcessor = preProcessor;
  }

  @Override
  public MultiDataSetPreProcessor getPreProcessor() {
    return preProcessor;
  }

  /** A pre-processor that needs the number of its batch, so that its random draws can be repeated. */
  public interface Numbered {
    /**
     * Called before each batch.
     *
     * @param batch its number, counted from 0 through all passes
     */
    void startBatch(long batch);
  }

  /** Settings of a {@link WindowIterator}. */
  public static final class Builder {
    private final TokenSequence tokens;
    private final int length;
    private int batch = 1;
    private boolean shuffled;
    private long seed;
    private long passes = 1;
    private int shard;
    private int shards = 1;

    private Builder(TokenSequence tokens, int length) {
      this.tokens = tokens;
      this.length = length;
    }

    /** Windows in a batch; 1 unless set. */
    public Builder batch(int windows) {
      if (windows < 1 || (long) windows * length > Integer.MAX_VALUE) {
        throw new DataException("batch is " + windows + " windows of " + length + " tokens; expected 1 to 2^31 tokens");
      }
      batch = windows;
      return this;
    }

    /** Shuffles the windows, see {@link WindowOrder}; in order unless set. */
    public Builder shuffled(long seed) {
      this.shuffled = true;
      this.seed = seed;
      return this;
    }

    /** Number of passes over the corpus; 1 unless set. */
    public Builder passes(long count) {
      if (count < 1) {
        throw new DataException("passes is " + count + "; expected at least 1");
      }
      passes = count;
      return this;
    }

    /** Repeats the corpus without end. */
    public Builder endless() {
      passes = 0;
      return this;
    }

    /** Takes the windows of worker {@code k} of {@code n}, counted from 0. */
    public Builder shard(int k, int n) {
      OrderedRecordReader.requireWorker(k, n);
      shard = k;
      shards = n;
      return this;
    }

    public WindowIterator build() {
      return new WindowIterator(this);
    }
  }
}
