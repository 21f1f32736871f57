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
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.data.tokens.TokenStream;
import org.tarflowlm.data.tokens.TokenStreams;

/**
 * DataVec reader of windows of consecutive tokens, streamed from front to back in constant memory. One record is one window. A batch of n
 * is an {@link NDArrayRecordBatch} of two columns, both the same INT array of ids [n, length]. {@code RecordReaderMultiDataSetIterator}
 * with {@code addInput(name, 0, 0).addOutput(name, 1, 1)} passes it on without copying.
 *
 * <p>The locations of the split are read one after another as one text; tokens at its end that do not fill a window are left out. {@code
 * new CorpusSplit("text8", "train")} reads a part of a corpus.
 */
public abstract class WindowRecordReader extends OrderedRecordReader {
  private static final long serialVersionUID = 1L;

  private final int length;
  private final String tokenizer;
  private transient TokenStream stream;
  private transient int[] ahead;
  private transient boolean haveAhead;
  private int shard;
  private int shards = 1;
  /** Windows read from the stream, including other workers'. */
  private long windows;

  /**
   * @param length tokens in a window
   * @param tokenizer name of the tokenizer whose ids the windows hold
   */
  WindowRecordReader(int length, String tokenizer) {
    if (length < 1) {
      throw new DataException("window length is " + length + "; expected at least 1");
    }
    Backend.ensure();
    this.length = length;
    this.tokenizer = tokenizer;
  }

  /** Opens the tokens of all files of the split, in order. */
  abstract TokenStream open(List<Path> files, Tokenizer tokenizer);

  /**
   * Takes the windows of worker {@code k} of {@code n}, counted from 0: every n-th one. Workers never share a window. Call before {@link
   * #initialize(InputSplit)}.
   *
   * @throws DataException unless k is 0 to n - 1
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

  @Override
  public void reset() {
    closeStream();
    windows = 0;
    ahead = new int[length];
    Tokenizer known = Tokenizers.byName(tokenizer);
    stream = inputSplit instanceof CorpusSplit part ? part.open(known).stream() : open(files, known);
    lookAhead();
    if (!haveAhead) {
      throw new DataException(names() + ": shorter than one window of " + length + " tokens"
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
      throw IoErrors.unreadable(names(), e);
    }
  }

  private void closeStream() {
    TokenStream open = stream;
    stream = null;
    close(open);
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

  /** Windows of files whose bytes are their tokens. */
  abstract static class OfBytes extends WindowRecordReader {
    private static final long serialVersionUID = 1L;

    private final String member;
    private final UnknownCharacters foreign;

    OfBytes(int length, String tokenizer, String member, UnknownCharacters foreign) {
      super(length, tokenizer);
      this.member = member;
      this.foreign = foreign;
    }

    @Override
    TokenStream open(List<Path> files, Tokenizer tokenizer) {
      return TokenStreams.ofBytes(files.stream().map(path -> new InputFile(path, member)).toList(), (ByteTokenizer) tokenizer, foreign);
    }
  }
}
