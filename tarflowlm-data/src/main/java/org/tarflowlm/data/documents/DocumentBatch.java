package org.tarflowlm.data.documents;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** A part of documents that are in memory already. */
public final class DocumentBatch implements DocumentSource.Part {
  /** Enough to make handing it to another thread worth while, and little enough to hold several. */
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
  public void forEach(DocumentSource.DocumentConsumer consumer) throws IOException {
    for (Document document : documents) {
      consumer.accept(document);
    }
  }
}
