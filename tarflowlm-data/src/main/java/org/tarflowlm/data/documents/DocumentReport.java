package org.tarflowlm.data.documents;

import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;

/** Counts the documents of a corpus and what was left out. Thread-safe. */
public final class DocumentReport {
  private final LongAdder documents = new LongAdder();
  private final LongAdder bad = new LongAdder();
  private final LongAdder empty = new LongAdder();
  private final LongAdder others = new LongAdder();
  private final AtomicReference<String> firstBad = new AtomicReference<>();
  private final AtomicReference<String> firstOther = new AtomicReference<>();

  /** Counts a document that is tokenised. */
  public void document() {
    documents.increment();
  }

  void bad(String message) {
    bad.increment();
    firstBad.compareAndSet(null, message);
  }

  /** Counts a document without text. */
  public void empty() {
    empty.increment();
  }

  void other(String name) {
    others.increment();
    firstOther.compareAndSet(null, name);
  }

  /** Number of documents with text that were tokenised so far. */
  public long documents() {
    return documents.sum();
  }

  /** Number of bad documents that were left out; see {@link BadDocuments}. */
  public long bad() {
    return bad.sum();
  }

  /** Number of documents without text. */
  public long emptyDocuments() {
    return empty.sum();
  }

  /** Number of files of another kind beside the documents; hidden ones are not counted. */
  public long others() {
    return others.sum();
  }

  /** What is wrong with one bad document, or null. */
  public String firstBad() {
    return firstBad.get();
  }

  /** The first file of another kind, or null. */
  public String firstOther() {
    return firstOther.get();
  }
}
