package org.tarflowlm.data.tokens;

import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.documents.UnknownCharacters;
import org.tarflowlm.data.file.IoErrors;
import org.tarflowlm.data.tokenize.ByteTokenizer;
import org.tarflowlm.data.tokenize.Text8Alphabet;

/** Bytes as tokens. A line end that closes the text is left out where the alphabet has none. */
final class ByteTokenStream implements TokenStream {
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

  ByteTokenStream(InputStream in, String name, ByteTokenizer tokenizer, UnknownCharacters foreign) {
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

  @Override
  public long documents() {
    return 1;
  }

  private boolean fill() {
    offset += limit;
    at = 0;
    try {
      limit = Math.max(0, in.read(buffer));
    } catch (IOException e) {
      throw IoErrors.unreadable(name, e);
    }
    return limit > 0;
  }

  /** Stands at a byte outside the alphabet. */
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

  /** A line end is forgiven at the very end only: text follows the one that was passed. */
  private void checkLineEnd() {
    if (lineEndAt >= 0 && table[buffer[at] & 0xff] >= 0) {
      throw outsideAlphabet(name, lineEnd, lineEndAt, vocabSize);
    }
  }

  static DataException outsideAlphabet(String name, int unsignedByte, long offset, int vocabSize) {
    return new DataException(name + ": "
        + (unsignedByte < 0x80 ? "character " + Text8Alphabet.describe(unsignedByte)
            : String.format(Locale.ROOT, "byte 0x%02X", unsignedByte))
        + " at offset " + offset + " is outside the alphabet of " + vocabSize + " symbols");
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
