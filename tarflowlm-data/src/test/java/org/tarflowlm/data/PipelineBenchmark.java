package org.tarflowlm.data;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.datavec.api.split.CollectionInputSplit;
import org.deeplearning4j.datasets.datavec.RecordReaderMultiDataSetIterator;
import org.nd4j.linalg.dataset.AsyncMultiDataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.data.documents.UnknownCharacters;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.latent.LatentPreProcessor;
import org.tarflowlm.data.tokenize.Gpt2Bpe;
import org.tarflowlm.data.tokenize.Text8Alphabet;
import org.tarflowlm.data.tokens.TokenCache;
import org.tarflowlm.data.tokens.TokenCacheBuilder;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.data.tokens.TokenSequences;
import org.tarflowlm.data.windows.Enwik8RecordReader;
import org.tarflowlm.data.windows.OpenWebTextRecordReader;
import org.tarflowlm.data.windows.Text8RecordReader;
import org.tarflowlm.data.windows.WindowIterator;
import org.tarflowlm.data.windows.WindowRecordReader;

/**
 * Measures tokens per second of each stage. A heap of 64 MB ({@code -Xmx64m}) is enough for all of them.
 * <pre>java -Xmx64m -cp ... org.tarflowlm.data.PipelineBenchmark TEXT8 BYTES DOCUMENTS FOLDER</pre>
 * TEXT8 and BYTES may name zip members (FILE.zip#MEMBER). The benchmark writes the token cache to FOLDER.
 */
public final class PipelineBenchmark {
  private static final Logger LOG = LogManager.getLogger(PipelineBenchmark.class);
  private static final int LENGTH = 256;
  private static final int BATCH = 32;
  private static final int ROUNDS = 3;
  private static long cpuAtReset;

  private PipelineBenchmark() {}

  public static void main(String[] args) throws Exception {
    LOG.info("heap at most {} MiB, {} processors", Runtime.getRuntime().maxMemory() >> 20, Runtime.getRuntime().availableProcessors());
    Nd4j.zeros(1);
    InputFile text8 = InputFile.parse(args[0]);
    InputFile bytes = InputFile.parse(args[1]);
    InputFile documents = InputFile.parse(args[2]);
    Path folder = Path.of(args[3]);
    stream("text8 windows, streamed", () -> new Text8RecordReader(LENGTH, text8.member(), UnknownCharacters.FAIL), text8);
    stream("enwik8 windows, streamed", () -> new Enwik8RecordReader(LENGTH, bytes.member()), bytes);
    shuffled("text8 windows, shuffled", TokenSequences.open(text8.toString(), new Text8Alphabet()));
    stream("OpenWebText to ids", () -> new OpenWebTextRecordReader(LENGTH), documents);
    cache(documents, folder);
    prefetch(text8);
  }

  private interface Readers {
    WindowRecordReader make();
  }

  private static void stream(String name, Readers readers, InputFile file) throws Exception {
    for (int round = 0; round < ROUNDS; round++) {
      cpuAtReset = cpuNanos();
      long start = System.nanoTime();
      try (WindowRecordReader reader = readers.make()) {
        reader.initialize(new CollectionInputSplit(List.of(file.path().toUri())));
        report(name, count(new RecordReaderMultiDataSetIterator.Builder(BATCH).addReader("r", reader).addInput("r", 0, 0)
            .addOutput("r", 1, 1).build()), start);
      }
    }
  }

  private static void shuffled(String name, TokenSequence tokens) {
    for (int round = 0; round < ROUNDS; round++) {
      cpuAtReset = cpuNanos();
      long start = System.nanoTime();
      report(name, count(WindowIterator.builder(tokens, LENGTH).batch(BATCH).shuffled(round).build()), start);
    }
  }

  private static long count(MultiDataSetIterator it) {
    long tokens = 0;
    while (it.hasNext()) {
      tokens += it.next().getFeatures(0).length();
    }
    return tokens;
  }

  private static void cache(InputFile documents, Path folder) throws IOException {
    Path cache = folder.resolve("benchmark.tokens");
    Files.deleteIfExists(cache);
    cpuAtReset = cpuNanos();
    long start = System.nanoTime();
    TokenCache tokens = new TokenCacheBuilder(documents, new Gpt2Bpe()).openOrBuild(cache);
    report("token cache, built", tokens.length(), start);
    shuffled("token cache, shuffled", tokens);
  }

  /** Consumes batches, and works 20 ms on each, as a small model does. */
  private static void prefetch(InputFile text8) throws InterruptedException {
    TokenSequence tokens = TokenSequences.open(text8.toString(), new Text8Alphabet());
    for (boolean async : new boolean[] {false, true}) {
      WindowIterator windows = WindowIterator.builder(tokens, LENGTH).batch(BATCH).shuffled(1).endless().build();
      windows.setPreProcessor(LatentPreProcessor.noise(16, 1, 0));
      MultiDataSetIterator it = async ? new AsyncMultiDataSetIterator(windows, 4) : windows;
      long waited = 0;
      int batches = 200;
      for (int i = 0; i < batches; i++) {
        long start = System.nanoTime();
        it.next();
        waited += System.nanoTime() - start;
        Thread.sleep(20);
      }
      LOG.info(String.format("%-28s waits %.3f ms a batch of %d tokens with noise of width 16", async ? "prefetched" : "not prefetched",
          waited / 1e6 / batches, BATCH * LENGTH));
      if (it instanceof AsyncMultiDataSetIterator prefetching) {
        prefetching.shutdown();
      }
    }
  }

  /** Processor time of all threads: on a busy machine it says more than the clock. */
  private static long cpuNanos() {
    return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
  }

  private static void report(String name, long tokens, long start) {
    double seconds = (System.nanoTime() - start) / 1e9;
    double cpu = (cpuNanos() - cpuAtReset) / 1e9;
    LOG.info(String.format("%-26s %,12d tokens in %6.2f s (%6.2f s of processor) = %6.1f M tokens/s, %4.0f k windows/s",
        name, tokens, seconds, cpu, tokens / seconds / 1e6, tokens / seconds / LENGTH / 1e3));
  }
}
