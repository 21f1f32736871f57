package org.tarflowlm.data.windows;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.NoSuchElementException;
import org.datavec.api.records.Record;
import org.datavec.api.records.SequenceRecord;
import org.datavec.api.records.metadata.RecordMetaData;
import org.datavec.api.records.reader.SequenceRecordReader;
import org.datavec.api.writable.IntWritable;
import org.datavec.api.writable.Writable;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.corpus.CorpusSplit;
import org.tarflowlm.data.documents.Document;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.documents.DocumentReport;
import org.tarflowlm.data.documents.DocumentSource;
import org.tarflowlm.data.documents.DocumentSources;
import org.tarflowlm.data.documents.TextUnit;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.file.IoErrors;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokens.DocumentTokenizer;
import org.tarflowlm.data.tokens.TokenDocuments;

/**
 * DataVec reader of texts of different lengths: one document, line or sentence per sequence, one token id per step. With
 * <pre>
 * new RecordReaderMultiDataSetIterator.Builder(batch).addSequenceReader("text", reader)
 *     .addInput("text", 0, 0).addOutput("text", 0, 0).build()
 * </pre>
 * DL4J pads a batch to its longest text and adds masks, [batch, time]. A text longer than {@code maxTokens} continues in the next
 * sequence. Documents are streamed one after another, including those of a collection ({@link DocumentSources}). {@code new
 * CorpusSplit("openwebtext", "train")} reads a part of a corpus.
 */
public final class TextSequenceRecordReader extends OrderedRecordReader implements SequenceRecordReader {
  private static final long serialVersionUID = 1L;

  private final transient Tokenizer tokenizer;
  private final transient DocumentTokenizer decoder;
  private final TextUnit unit;
  private final int maxTokens;
  private final int multiple;
  private final boolean separators;
  private final int shard;
  private final int shards;
  private final transient DocumentOptions options;
  private final transient DocumentReport report = new DocumentReport();
  private transient DocumentSource source;
  private transient Deque<int[]> ready;
  private transient String open;
  private transient String openName;
  private long sequences;

  private TextSequenceRecordReader(Builder b) {
    tokenizer = b.tokenizer;
    decoder = new DocumentTokenizer(b.tokenizer, b.options, report);
    unit = b.unit;
    maxTokens = b.maxTokens / b.multiple * b.multiple;
    multiple = b.multiple;
    separators = b.separators;
    shard = b.shard;
    shards = b.shards;
    options = b.options;
  }

  /**
   * Starts the settings of a reader.
   *
   * @param unit unit of text that makes a sequence
   * @param maxTokens tokens of the longest sequence: the context length of the model
   * @throws DataException if maxTokens is below 1
   */
  public static Builder builder(Tokenizer tokenizer, TextUnit unit, int maxTokens) {
    return new Builder(tokenizer, unit, maxTokens);
  }

  @Override
  public void reset() {
    close();
    source = inputSplit instanceof CorpusSplit part ? new TokenDocuments(part.open(tokenizer), tokenizer, part.toString())
        : DocumentSources.open(files.stream().map(InputFile::of).toList(), options, report);
    ready = new ArrayDeque<>();
    open = null;
    sequences = 0;
    if (!hasNext()) {
      throw new DataException(names() + ": no " + unit.name().toLowerCase(Locale.ROOT) + " of at least " + multiple
          + (multiple == 1 ? " token" : " tokens") + (shards == 1 ? "" : " for worker " + shard + " of " + shards));
    }
  }

  @Override
  public boolean hasNext() {
    try {
      while (ready != null && ready.isEmpty() && source != null) {
        DocumentSource.Part part = source.next();
        if (part == null) {
          finish();
          source.close();
          source = null;
        } else {
          part.forEach(this::take);
        }
      }
    } catch (IOException e) {
      throw IoErrors.unreadable(names(), e);
    }
    return ready != null && !ready.isEmpty();
  }

  /** Adds all units of a document but the last, which may continue in the next piece. */
  private void take(Document document) {
    if (!document.continued()) {
      finish();
      open = "";
    }
    openName = document.name();
    String more = decoder.decode(document);
    List<String> units = unit.split(open + (more == null ? "" : more));
    units.subList(0, units.size() - 1).forEach(this::add);
    open = units.get(units.size() - 1);
    if (open.length() > options.limits().documentBytes()) {
      throw new DataException(openName + " has a " + unit.name().toLowerCase(Locale.ROOT) + " of more than "
          + options.limits().documentBytes() + " bytes, the limit");
    }
  }

  private void finish() {
    if (open != null) {
      add(open);
      open = null;
    }
  }

  private void add(String raw) {
    String text = unit.clean(raw);
    if (text.isEmpty()) {
      return;
    }
    int[] ids;
    try {
      ids = tokenizer.encode(text);
    } catch (DataException e) {
      throw new DataException(openName + ": " + e.getMessage(), e);
    }
    if (separators) {
      ids = Arrays.copyOf(ids, ids.length + 1);
      ids[ids.length - 1] = tokenizer.separator();
    }
    int whole = ids.length / multiple * multiple;
    for (int from = 0; from < whole; from += maxTokens) {
      if (sequences++ % shards == shard) {
        ready.add(Arrays.copyOfRange(ids, from, Math.min(whole, from + maxTokens)));
      }
    }
  }

  /** The next text: a list of one id for each token. */
  @Override
  public List<List<Writable>> sequenceRecord() {
    if (!hasNext()) {
      throw new NoSuchElementException("no text after the last");
    }
    int[] ids = ready.remove();
    List<List<Writable>> result = new ArrayList<>(ids.length);
    for (int id : ids) {
      result.add(List.of(new IntWritable(id)));
    }
    return result;
  }

  @Override
  public SequenceRecord nextSequence() {
    return new org.datavec.api.records.impl.SequenceRecord(sequenceRecord(), null);
  }

  @Override
  public void close() {
    DocumentSource open = source;
    ready = null;
    source = null;
    close(open);
  }

  @Override
  public List<Writable> next() {
    throw new UnsupportedOperationException("texts are sequences; expected sequenceRecord(), or addSequenceReader of the iterator");
  }

  @Override
  public Record nextRecord() {
    next();
    return null;
  }

  @Override
  public List<List<Writable>> sequenceRecord(URI uri, DataInputStream in) {
    throw noMetaData();
  }

  @Override
  public SequenceRecord loadSequenceFromMetaData(RecordMetaData metaData) {
    throw noMetaData();
  }

  @Override
  public List<SequenceRecord> loadSequenceFromMetaData(List<RecordMetaData> metaData) {
    throw noMetaData();
  }

  /** Settings of a {@link TextSequenceRecordReader}. */
  public static final class Builder {
    private final Tokenizer tokenizer;
    private final TextUnit unit;
    private final int maxTokens;
    private int multiple = 1;
    private boolean separators;
    private int shard;
    private int shards = 1;
    private DocumentOptions options = DocumentOptions.DEFAULT;

    private Builder(Tokenizer tokenizer, TextUnit unit, int maxTokens) {
      if (maxTokens < 1) {
        throw new DataException("maxTokens is " + maxTokens + "; expected at least 1");
      }
      this.tokenizer = tokenizer;
      this.unit = unit;
      this.maxTokens = maxTokens;
    }

    /**
     * Leaves out tokens at the end of a text that do not fill a patch of {@code tokens}; 1 unless set.
     *
     * @throws DataException unless {@code tokens} is 1 to maxTokens
     */
    public Builder wholePatches(int tokens) {
      if (tokens < 1 || tokens > maxTokens) {
        throw new DataException("patches of " + tokens + " tokens; expected 1 to maxTokens " + maxTokens);
      }
      multiple = tokens;
      return this;
    }

    /** Ends each text with the tokenizer's separator, such as GPT-2's end-of-text, so that a model learns where to stop. */
    public Builder endWithSeparator() {
      separators = true;
      return this;
    }

    /**
     * Takes the sequences of worker {@code k} of {@code n}, counted from 0: every n-th one.
     *
     * @throws DataException unless k is 0 to n - 1
     */
    public Builder shard(int k, int n) {
      OrderedRecordReader.requireWorker(k, n);
      shard = k;
      shards = n;
      return this;
    }

    /** Options for reading documents; {@link DocumentOptions#DEFAULT} unless set. */
    public Builder documents(DocumentOptions choice) {
      options = choice;
      return this;
    }

    public TextSequenceRecordReader build() {
      return new TextSequenceRecordReader(this);
    }
  }
}
