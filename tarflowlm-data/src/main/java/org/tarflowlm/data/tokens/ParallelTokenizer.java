package org.tarflowlm.data.tokens;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.tarflowlm.data.documents.DocumentSource;

/**
 * Tokenises a corpus on several threads, in order. The caller's thread takes the parts from the source. Memory holds up to one part more
 * than there are threads.
 */
final class ParallelTokenizer implements AutoCloseable {
  private static final AtomicInteger THREAD = new AtomicInteger();

  private final DocumentSource source;
  private final DocumentTokenizer tokenizer;
  private final ExecutorService threads;
  private final int ahead;
  private final Deque<Future<DocumentTokenizer.Chunk>> running = new ArrayDeque<>();
  private boolean ended;

  ParallelTokenizer(DocumentSource source, DocumentTokenizer tokenizer, int threads) {
    this.source = source;
    this.tokenizer = tokenizer;
    this.ahead = threads + 1;
    this.threads = Executors.newFixedThreadPool(threads, task -> {
      Thread thread = new Thread(task, "tarflowlm-tokenize-" + THREAD.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    });
  }

  /** Skips parts without tokenising them. */
  void skip(long parts) throws IOException {
    for (long i = 0; i < parts && !ended; i++) {
      ended = source.next() == null;
    }
  }

  /** Ids of the next part, or null at the end. */
  DocumentTokenizer.Chunk next() throws IOException {
    while (!ended && running.size() < ahead) {
      DocumentSource.Part part = source.next();
      ended = part == null;
      if (!ended) {
        running.add(threads.submit(() -> tokenizer.tokenize(part)));
      }
    }
    return running.isEmpty() ? null : result(running.remove());
  }

  private static DocumentTokenizer.Chunk result(Future<DocumentTokenizer.Chunk> future) throws IOException {
    try {
      return future.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      if (e.getCause() instanceof IOException cause) {
        throw cause;
      }
      throw new IllegalStateException("tokenising failed", e.getCause());
    }
  }

  @Override
  public void close() throws IOException {
    threads.shutdownNow();
    source.close();
  }
}
