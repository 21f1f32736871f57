package org.tarflowlm.data.tokens;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.documents.BadDocuments;
import org.tarflowlm.data.documents.Document;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.documents.DocumentReport;
import org.tarflowlm.data.documents.DocumentSource;
import org.tarflowlm.data.documents.Utf8;
import org.tarflowlm.data.tokenize.Tokenizer;

/**
 * Turns parts of a corpus into ids: each document's ids, preceded by the tokenizer's separator (the caller that joins parts drops the
 * first one). Documents without text are left out. Thread-safe.
 */
public final class DocumentTokenizer {
  /** Ids are stored as unsigned 16-bit numbers. */
  static final int LARGEST_VOCABULARY = 1 << 16;

  private final Tokenizer tokenizer;
  private final DocumentOptions options;
  private final DocumentReport report;

  public DocumentTokenizer(Tokenizer tokenizer, DocumentOptions options, DocumentReport report) {
    if (tokenizer.vocabSize() > LARGEST_VOCABULARY) {
      throw new DataException("tokenizer " + tokenizer.name() + " has " + tokenizer.vocabSize() + " ids; expected at most "
          + LARGEST_VOCABULARY);
    }
    this.tokenizer = tokenizer;
    this.options = options;
    this.report = report;
  }

  Tokenizer tokenizer() {
    return tokenizer;
  }

  /** Ids of some documents, unsigned. */
  static final class Chunk {
    private short[] ids = new short[1 << 16];
    private int length;
    private int documents;

    short[] ids() {
      return ids;
    }

    int length() {
      return length;
    }

    int documents() {
      return documents;
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
      if (document.utf8().length == 0) {
        report.empty();
        return;
      }
      String text = decode(document);
      if (text != null) {
        chunk.add(tokenizer.separator(), encode(document, text), document.continued());
        if (!document.continued()) {
          report.document();
        }
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

  /** The text, or null if the document is left out. */
  public String decode(Document document) {
    try {
      return Utf8.decode(document.utf8(), document.name(), document.offset());
    } catch (DataException e) {
      if (options.bad() == BadDocuments.REPLACE) {
        return new String(document.utf8(), StandardCharsets.UTF_8);
      }
      if (document.isPiece()) {
        throw e; // Leaving out a piece would change the document.
      }
      options.bad(e.getMessage(), report);
      return null;
    }
  }
}
