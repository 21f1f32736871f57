package org.tarflowlm.data.documents;

import java.io.Closeable;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * The documents of a corpus, streamed in a fixed order. They come in parts, so that several threads can unpack and tokenise them. One
 * thread takes the parts one after another; any thread may then read a part.
 */
public interface DocumentSource extends Closeable {
  /**
   * The next part, or null at the end. A corpus always falls into the same parts.
   *
   * @throws org.tarflowlm.data.DataException if the corpus is damaged or exceeds the {@link Limits}
   */
  Part next() throws IOException;

  /** Some consecutive documents. */
  interface Part {
    /** Passes the documents to the consumer, in order. */
    void forEach(DocumentConsumer consumer) throws IOException;
  }

  /** Takes documents one by one. */
  @FunctionalInterface
  interface DocumentConsumer {
    void accept(Document document) throws IOException;
  }

  /**
   * Limits against archives made to exhaust memory or time.
   *
   * @param documentBytes most bytes of one document
   * @param archiveBytes most bytes that an archive inside the corpus may unpack to
   * @param archiveEntries most entries of one archive
   */
  record Limits(int documentBytes, long archiveBytes, long archiveEntries) implements Serializable {
    /** 16 MiB per document; 1 GiB and a million entries per inner archive. OpenWebText's own are below 3 MiB and 500 entries. */
    public static final Limits DEFAULT = new Limits(16 << 20, 1L << 30, 1_000_000);
  }

  /** A part whose documents are already in memory. */
  final class Batch implements Part {
    /** Bytes of text that fill a batch: enough to be worth passing to another thread, and few enough to hold several batches. */
    public static final int BYTES = 1 << 18;

    private final List<Document> documents = new ArrayList<>();
    private int bytes;

    /** @return whether the batch is full */
    public boolean add(Document document) {
      documents.add(document);
      bytes += document.utf8().length;
      return bytes >= BYTES;
    }

    boolean isEmpty() {
      return documents.isEmpty();
    }

    @Override
    public void forEach(DocumentConsumer consumer) throws IOException {
      for (Document document : documents) {
        consumer.accept(document);
      }
    }
  }
}
