package org.tarflowlm.data.tokens;

import java.io.IOException;
import java.io.InputStream;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.documents.DocumentReport;
import org.tarflowlm.data.documents.DocumentSource;
import org.tarflowlm.data.documents.DocumentSources;
import org.tarflowlm.data.documents.UnknownCharacters;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.file.IoErrors;
import org.tarflowlm.data.tokenize.ByteTokenizer;
import org.tarflowlm.data.tokenize.Text8Alphabet;
import org.tarflowlm.data.tokenize.Tokenizer;

/** Opens corpora to be read once from front to back. */
public final class TokenStreams {
  private TokenStreams() {}

  /** The bytes of files, one after another, as tokens. */
  public static TokenStream ofBytes(List<InputFile> files, ByteTokenizer tokenizer, UnknownCharacters foreign) {
    return new Joined(files, tokenizer, foreign);
  }

  /**
   * The ids of documents, with the tokenizer's separator between them.
   *
   * @param files files or folders, see {@link DocumentSources}
   * @param report counts what was left out
   * @param threads number of tokenising threads
   */
  public static TokenStream ofDocuments(List<InputFile> files, Tokenizer tokenizer, DocumentOptions options, DocumentReport report,
      int threads) {
    return new Tokenized(DocumentSources.open(files, options, report), new DocumentTokenizer(tokenizer, options, report), threads);
  }

  static DataException outsideAlphabet(String name, int unsignedByte, long offset, int vocabSize) {
    return new DataException(name + ": "
        + (unsignedByte < 0x80 ? "character " + Text8Alphabet.describe(unsignedByte)
            : String.format(Locale.ROOT, "byte 0x%02X", unsignedByte))
        + " at offset " + offset + " is outside the alphabet of " + vocabSize + " symbols");
  }

  /** The bytes of several files, one after another, as tokens. */
  private static final class Joined implements TokenStream {
    private final Iterator<InputFile> files;
    private final ByteTokenizer tokenizer;
    private final UnknownCharacters foreign;
    private TokenStream current;

    Joined(List<InputFile> files, ByteTokenizer tokenizer, UnknownCharacters foreign) {
      this.files = files.iterator();
      this.tokenizer = tokenizer;
      this.foreign = foreign;
    }

    @Override
    public int read(int[] ids, int at, int count) throws IOException {
      int n = 0;
      while (n < count && (current != null || files.hasNext())) {
        if (current == null) {
          InputFile file = files.next();
          if (DocumentSources.isCollection(file)) {
            throw new DataException(file + " holds documents; expected one running text");
          }
          current = new Bytes(file.open(), file.toString(), tokenizer, foreign);
        }
        n += current.read(ids, at + n, count - n);
        if (n < count) {
          close();
        }
      }
      return n;
    }

    @Override
    public void close() throws IOException {
      if (current != null) {
        current.close();
        current = null;
      }
    }
  }

  /** The ids of a corpus of documents, with the tokenizer's separator between them; other threads tokenise ahead. */
  private static final class Tokenized implements TokenStream {
    private final ParallelTokenizer tokenizer;
    private DocumentTokenizer.Chunk chunk;
    private int at;
    private boolean started;

    Tokenized(DocumentSource source, DocumentTokenizer tokenizer, int threads) {
      this.tokenizer = new ParallelTokenizer(source, tokenizer, threads);
    }

    @Override
    public int read(int[] ids, int target, int count) throws IOException {
      int n = 0;
      while (n < count && (chunk != null && at < chunk.length() || advance())) {
        int run = Math.min(count - n, chunk.length() - at);
        for (int i = 0; i < run; i++) {
          ids[target + n + i] = chunk.ids()[at + i] & 0xffff;
        }
        at += run;
        n += run;
      }
      return n;
    }

    /** Moves to the next part with a document; false at the end. */
    private boolean advance() throws IOException {
      do {
        chunk = tokenizer.next();
      } while (chunk != null && chunk.length() == 0);
      at = started ? 0 : 1;
      started = true;
      return chunk != null;
    }

    @Override
    public void close() throws IOException {
      tokenizer.close();
    }
  }

  /** Bytes as tokens. A line end at the end of the text is left out if the alphabet has no line end. */
  private static final class Bytes implements TokenStream {
    private final InputStream in;
    private final String name;
    private final short[] table;
    private final int vocabSize;
    private final UnknownCharacters foreign;
    private final byte[] buffer = new byte[1 << 16];
    private int at;
    private int limit;
    private long offset;
    private long lineEndAt = -1;
    private int lineEnd;

    Bytes(InputStream in, String name, ByteTokenizer tokenizer, UnknownCharacters foreign) {
      this.in = in;
      this.name = name;
      this.table = tokenizer.table();
      this.vocabSize = tokenizer.vocabSize();
      this.foreign = foreign;
    }

    @Override
    public int read(int[] ids, int target, int count) {
      int n = 0;
      while (n < count && (at < limit || fill())) {
        checkLineEnd();
        int run = Math.min(count - n, limit - at);
        for (int i = 0; i < run; i++) {
          int id = table[buffer[at + i] & 0xff];
          if (id < 0) {
            run = i;
            break;
          }
          ids[target + n + i] = id;
        }
        at += run;
        n += run;
        if (n < count && at < limit) {
          passForeign();
        }
      }
      return n;
    }

    private boolean fill() {
      offset += limit;
      at = 0;
      limit = Math.max(0, IoErrors.reading(name, () -> in.read(buffer)));
      return limit > 0;
    }

    /** Handles a byte outside the alphabet at the current position. */
    private void passForeign() {
      int b = buffer[at] & 0xff;
      long where = offset + at;
      boolean endsLine = b == '\n' || b == '\r';
      if (foreign == UnknownCharacters.FAIL && (!endsLine || lineEndAt >= 0 && b == '\r')) {
        throw outsideAlphabet(name, b, where, vocabSize);
      }
      if (foreign == UnknownCharacters.FAIL && lineEndAt < 0) {
        lineEndAt = where;
        lineEnd = b;
      }
      at++;
    }

    /** A line end is allowed at the very end only: throws if text follows the line end that was skipped. */
    private void checkLineEnd() {
      if (lineEndAt >= 0 && table[buffer[at] & 0xff] >= 0) {
        throw outsideAlphabet(name, lineEnd, lineEndAt, vocabSize);
      }
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
