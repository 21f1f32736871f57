package org.tarflowlm.data.tokens;

import java.io.IOException;
import org.tarflowlm.data.documents.DocumentSource;

/** The ids of a corpus of documents, separated by the tokenizer's separator, tokenised ahead on other threads. */
final class DocumentTokenStream implements TokenStream {
  private final ParallelTokenizer tokenizer;
  private DocumentTokenizer.Chunk chunk;
  private int at;
  private boolean started;
  private long documents;

  DocumentTokenStream(DocumentSource source, DocumentTokenizer tokenizer, int threads) {
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

  /** Goes on to the next part with a document; false at the end. */
  private boolean advance() throws IOException {
    do {
      chunk = tokenizer.next();
    } while (chunk != null && chunk.length() == 0);
    at = started ? 0 : 1;
    started = true;
    documents += chunk == null ? 0 : chunk.documents();
    return chunk != null;
  }

  @Override
  public long documents() {
    return documents;
  }

  @Override
  public void close() throws IOException {
    tokenizer.close();
  }
}
