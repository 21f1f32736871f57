package org.tarflowlm.data.text;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.NoSuchElementException;
import org.datavec.api.conf.Configuration;
import org.datavec.api.records.Record;
import org.datavec.api.records.metadata.RecordMetaData;
import org.datavec.api.records.reader.BaseRecordReader;
import org.datavec.api.split.InputSplit;
import org.datavec.api.writable.Writable;
import org.datavec.api.writable.batch.NDArrayRecordBatch;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.data.DataException;

/**
 * DataVec reader of windows of consecutive tokens, streamed from front to back in constant memory. One record is one window;
 * a batch of n is an {@link NDArrayRecordBatch} of two columns, both the same INT array of ids [n, length], so that
 * {@code RecordReaderMultiDataSetIterator} with {@code addInput(name, 0, 0).addOutput(name, 1, 1)} passes it on uncopied.
 *
 * <p>The locations of the split are read one after another, each starting its own windows; tokens at its end that do not fill a
 * window are left out.
 */
public abstract class WindowRecordReader extends BaseRecordReader {
  private static final long serialVersionUID = 1L;

  private final int length;
  private Configuration conf;
  private URI[] locations;
  private int location;
  private transient TokenStream stream;
  private transient int[] ahead;
  private transient boolean haveAhead;
  private long windows;

  /** @param length tokens in a window */
  protected WindowRecordReader(int length) {
    if (length < 1) {
      throw new DataException("window length is " + length + "; expected at least 1");
    }
    this.length = length;
  }

  /** Opens the tokens of one location of the split. */
  protected abstract TokenStream open(URI location) throws IOException;

  /** Tokens in a window. */
  public int length() {
    return length;
  }

  /** @throws DataException if a location is missing or damaged, or if no location fills a window */
  @Override
  public void initialize(InputSplit split) throws IOException, InterruptedException {
    inputSplit = split;
    locations = split.locations();
    reset();
  }

  @Override
  public void initialize(Configuration configuration, InputSplit split) throws IOException, InterruptedException {
    conf = configuration;
    initialize(split);
  }

  @Override
  public void reset() {
    closeStream();
    location = 0;
    windows = 0;
    ahead = new int[length];
    lookAhead();
    if (!haveAhead) {
      throw new DataException(String.join(", ", List.of(locations).stream().map(URI::toString).toList())
          + ": shorter than one window of " + length + " tokens");
    }
  }

  @Override
  public boolean resetSupported() {
    return true;
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
      throw new NoSuchElementException("no window after " + windows);
    }
    int[] ids = new int[count * length];
    int n = 0;
    while (n < count && haveAhead) {
      System.arraycopy(ahead, 0, ids, n++ * length, length);
      lookAhead();
    }
    windows += n;
    INDArray array = Nd4j.createFromArray(n == count ? ids : java.util.Arrays.copyOf(ids, n * length)).reshape(n, length);
    return new NDArrayRecordBatch(array, array);
  }

  /** Reads the next window, going on to the next location at the end of one. */
  private void lookAhead() {
    try {
      haveAhead = false;
      while (!haveAhead && (stream != null || location < locations.length)) {
        if (stream == null) {
          stream = open(locations[location++]);
        }
        haveAhead = stream.read(ahead, 0, length) == length;
        if (!haveAhead) {
          closeStream();
        }
      }
    } catch (IOException e) {
      throw new DataException("cannot read " + locations[location - 1] + ": " + e.getMessage(), e);
    }
  }

  private void closeStream() {
    if (stream != null) {
      try {
        stream.close();
      } catch (IOException e) {
        throw new DataException("cannot close " + locations[location - 1] + ": " + e.getMessage(), e);
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
  public List<String> getLabels() {
    return null;
  }

  /** A window has no address of its own in DataVec: not offered. */
  @Override
  public List<Writable> record(URI uri, DataInputStream in) {
    throw noMetaData();
  }

  @Override
  public Record nextRecord() {
    return new org.datavec.api.records.impl.Record(next(), null);
  }

  @Override
  public Record loadFromMetaData(RecordMetaData metaData) {
    throw noMetaData();
  }

  @Override
  public List<Record> loadFromMetaData(List<RecordMetaData> metaData) {
    throw noMetaData();
  }

  private static DataException noMetaData() {
    return new DataException("windows are read in order only; use WindowIterator for access by number");
  }

  @Override
  public void setConf(Configuration configuration) {
    conf = configuration;
  }

  @Override
  public Configuration getConf() {
    return conf;
  }
}
