package org.tarflowlm.data.windows;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import org.datavec.api.records.Record;
import org.datavec.api.split.InputSplit;
import org.datavec.api.writable.Writable;
import org.datavec.api.writable.batch.NDArrayRecordBatch;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.data.Backend;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.corpus.CorpusSplit;
import org.tarflowlm.data.documents.UnknownCharacters;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.file.IoErrors;
import org.tarflowlm.data.tokenize.ByteTokenizer;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokens.TokenStream;
import org.tarflowlm.data.tokens.TokenStreams;

/**
 * DataVec reader of windows of consecutive tokens, streamed from front to back in constant memory. One record is one window;
 * a batch of n is an {@link NDArrayRecordBatch} of two columns, both the same INT array of ids [n, length], so that
 * {@code RecordReaderMultiDataSetIterator} with {@code addInput(name, 0, 0).addOutput(name, 1, 1)} passes it on uncopied.
 *
 * <p>The locations of the split are read one after another as one text; tokens at its end that do not fill a window are left
 * out. A part of a corpus is read as {@code new CorpusSplit("text8", "train")}.
 */
public abstract class WindowRecordReader extends OrderedRecordReader {
  private static final long serialVersionUID = 1L;

  private final int length;
  private transient List<Path> locations;
  private transient TokenStream stream;
  private transient int[] ahead;
  private transient boolean haveAhead;
  private int shard;
  private int shards = 1;
  /** Windows read from the stream, other workers' included. */
  private long windows;

  /** @param length tokens in a window */
  protected WindowRecordReader(int length) {
    if (length < 1) {
      throw new DataException("window length is " + length + "; expected at least 1");
    }
    Backend.ensure();
    this.length = length;
  }

  /** Opens the tokens of all locations of the split, in order. */
  protected abstract TokenStream open(List<Path> locations) throws IOException;

  /** By which splits that are not whole files ({@link CorpusSplit}) are read. */
  protected abstract Tokenizer tokenizer();

  /**
   * Takes worker {@code k}'s windows of {@code n} workers, k from 0: every n-th one. Workers never share a window. Call before {@link
   * #initialize(InputSplit)}.
   */
  public void shard(int k, int n) {
    requireWorker(k, n);
    shard = k;
    shards = n;
  }

  /** Tokens in a window. */
  public int length() {
    return length;
  }

  /** @throws DataException if a location is missing or damaged, or if all together do not fill a window */
  @Override
  public void initialize(InputSplit split) throws IOException, InterruptedException {
    inputSplit = split;
    locations = files(split);
    reset();
  }

  @Override
  public void reset() {
    closeStream();
    windows = 0;
    ahead = new int[length];
    try {
      stream = inputSplit instanceof CorpusSplit part ? part.open(tokenizer()).stream() : open(locations);
    } catch (IOException e) {
      throw IoErrors.unreadable(names(locations), e);
    }
    lookAhead();
    if (!haveAhead) {
      throw new DataException(names(locations) + ": shorter than one window of " + length + " tokens"
          + (shards == 1 ? "" : " for worker " + shard + " of " + shards));
    }
  }

  @Override
  public boolean hasNext() {
    return haveAhead;
  }

  @Override
  public List<Writable> next() {
    return next(1).get(0);
  }

  @Override
  public boolean batchesSupported() {
    return true;
  }

  /** @return up to {@code count} windows as one {@link NDArrayRecordBatch} of ids, ids: INT [n, length] */
  @Override
  public List<List<Writable>> next(int count) {
    if (!haveAhead) {
      throw new NoSuchElementException("no window after the last");
    }
    int[] ids = new int[count * length];
    int n = 0;
    while (n < count && haveAhead) {
      System.arraycopy(ahead, 0, ids, n++ * length, length);
      lookAhead();
    }
    INDArray array = Nd4j.createFromArray(n == count ? ids : Arrays.copyOf(ids, n * length)).reshape(n, length);
    return new NDArrayRecordBatch(array, array);
  }

  private void lookAhead() {
    try {
      do {
        haveAhead = stream.read(ahead, 0, length) == length;
      } while (haveAhead && windows++ % shards != shard);
      if (!haveAhead) {
        closeStream();
      }
    } catch (IOException e) {
      throw IoErrors.unreadable(names(locations), e);
    }
  }

  private void closeStream() {
    if (stream != null) {
      try {
        stream.close();
      } catch (IOException e) {
        throw IoErrors.unreadable(names(locations), e);
      } finally {
        stream = null;
      }
    }
  }

  @Override
  public void close() {
    closeStream();
    haveAhead = false;
  }

  @Override
  public Record nextRecord() {
    return new org.datavec.api.records.impl.Record(next(), null);
  }

  /** Windows of files whose tokens are their bytes. */
  abstract static class OfBytes extends WindowRecordReader {
    private static final long serialVersionUID = 1L;

    private final String member;
    private final UnknownCharacters foreign;

    OfBytes(int length, String member, UnknownCharacters foreign) {
      super(length);
      this.member = member;
      this.foreign = foreign;
    }

    @Override
    protected abstract ByteTokenizer tokenizer();

    @Override
    protected TokenStream open(List<Path> locations) throws IOException {
      return TokenStreams.ofBytes(locations.stream().map(path -> new InputFile(path, member)).toList(), tokenizer(), foreign);
    }
  }
}
