package org.tarflowlm.data.windows;

import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.datavec.api.conf.Configuration;
import org.datavec.api.records.Record;
import org.datavec.api.records.metadata.RecordMetaData;
import org.datavec.api.records.reader.BaseRecordReader;
import org.datavec.api.split.InputSplit;
import org.datavec.api.writable.Writable;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.IoErrors;

/** Reads files from front to back; single records cannot be addressed. */
abstract class OrderedRecordReader extends BaseRecordReader {
  private static final long serialVersionUID = 1L;

  /** Files of the split, in order. */
  transient List<Path> files;
  private Configuration conf;

  /** @throws DataException if a location is missing or damaged, a corpus is not in the cache, or the split holds no record */
  @Override
  public void initialize(InputSplit split) throws IOException, InterruptedException {
    inputSplit = split;
    files = Arrays.stream(split.locations()).map(OrderedRecordReader::path).toList();
    if (files.isEmpty()) {
      throw new DataException("the split has no location; expected files");
    }
    reset();
  }

  private static Path path(URI location) {
    if (!"file".equals(location.getScheme())) {
      throw new DataException("location " + location + " is not supported; expected a file");
    }
    return Path.of(location);
  }

  /** @throws DataException unless worker {@code k} is one of {@code n}, counted from 0 */
  static void requireWorker(int k, int n) {
    if (n < 1 || k < 0 || k >= n) {
      throw new DataException("worker is " + k + " of " + n + "; expected 0 to " + (n - 1));
    }
  }

  /** Closes what reads the files, or null. */
  final void close(Closeable reader) {
    try {
      if (reader != null) {
        reader.close();
      }
    } catch (IOException e) {
      throw IoErrors.unreadable(names(), e);
    }
  }

  /** The files, for messages. */
  String names() {
    return files.get(0) + (files.size() == 1 ? "" : " and " + (files.size() - 1) + " more");
  }

  @Override
  public void initialize(Configuration configuration, InputSplit split) throws IOException, InterruptedException {
    conf = configuration;
    initialize(split);
  }

  @Override
  public boolean resetSupported() {
    return true;
  }

  @Override
  public List<String> getLabels() {
    return null;
  }

  /** Not supported. */
  @Override
  public List<Writable> record(URI uri, DataInputStream in) {
    throw noMetaData();
  }

  @Override
  public Record loadFromMetaData(RecordMetaData metaData) {
    throw noMetaData();
  }

  @Override
  public List<Record> loadFromMetaData(List<RecordMetaData> metaData) {
    throw noMetaData();
  }

  static DataException noMetaData() {
    return new DataException("windows and texts are read in order only; use WindowIterator for access by number");
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
