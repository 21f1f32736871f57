package org.tarflowlm.data.text;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.tokenize.Tokenizer;

/**
 * Turns parts of a corpus into ids: each document's ids with the tokenizer's separator before them (whoever joins parts drops
 * the very first). Documents without text are left out. Thread-safe.
 */
final class DocumentTokenizer {
  /** Ids are kept as unsigned 16-bit numbers. */
  static final int LARGEST_VOCABULARY = 1 << 16;

  private final Tokenizer tokenizer;
  private final InvalidUtf8 invalid;

  DocumentTokenizer(Tokenizer tokenizer, InvalidUtf8 invalid) {
    if (tokenizer.vocabSize() > LARGEST_VOCABULARY) {
      throw new DataException("tokenizer " + tokenizer.name() + " has " + tokenizer.vocabSize() + " ids; expected at most "
          + LARGEST_VOCABULARY);
    }
    this.tokenizer = tokenizer;
    this.invalid = invalid;
  }

  Tokenizer tokenizer() {
    return tokenizer;
  }

  /** Ids of some documents, unsigned. */
  static final class Chunk {
    private short[] ids = new short[1 << 16];
    private int length;
    private int documents;
    private int left;

    short[] ids() {
      return ids;
    }

    int length() {
      return length;
    }

    int documents() {
      return documents;
    }

    /** Documents that were left out: empty, or not UTF-8. */
    int leftOut() {
      return left;
    }

    private void add(int separator, int[] tokens, boolean continued) {
      if (length + tokens.length + 1 > ids.length) {
        ids = Arrays.copyOf(ids, Math.max(length + tokens.length + 1, ids.length + (ids.length >> 1)));
      }
      if (!continued) {
        ids[length++] = (short) separator;
        documents++;
      }
      for (int token : tokens) {
        ids[length++] = (short) token;
      }
    }
  }

  Chunk tokenize(DocumentSource.Part part) throws IOException {
    Chunk chunk = new Chunk();
    part.forEach(document -> {
      String text = decode(document);
      if (text.isEmpty()) {
        chunk.left++;
      } else {
        chunk.add(tokenizer.separator(), encode(document, text), document.continued());
      }
    });
    return chunk;
  }

  private int[] encode(Document document, String text) {
    try {
      return tokenizer.encode(text);
    } catch (DataException e) {
      throw new DataException(document.name() + ": " + e.getMessage(), e);
    }
  }

  /** A document's text; empty if it is to be left out. */
  String decode(Document document) {
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    ByteBuffer bytes = ByteBuffer.wrap(document.utf8());
    CharBuffer chars = CharBuffer.allocate(document.utf8().length);
    CoderResult result = decoder.decode(bytes, chars, true);
    if (!result.isError()) {
      return chars.flip().toString();
    }
    return switch (invalid) {
      case REPLACE -> new String(document.utf8(), StandardCharsets.UTF_8);
      case SKIP -> "";
      case FAIL -> throw new DataException(String.format(Locale.ROOT, "%s is not valid UTF-8: byte 0x%02X at offset %d", document.name(),
          document.utf8()[bytes.position()] & 0xff, bytes.position()));
    };
  }
}
