package org.tarflowlm.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.DoubleSupplier;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import org.openjdk.jmh.util.Statistics;
import org.tarflowlm.Score;
import org.tarflowlm.ScoringOptions;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.bench.StepBenchmark.Model;
import org.tarflowlm.bench.StepBenchmark.Shape;
import org.tarflowlm.bench.Suite.Figure;
import org.tarflowlm.bench.Suite.Topic;
import org.tarflowlm.checkpoint.CheckpointNetworks;
import org.tarflowlm.config.Coupling;
import org.tarflowlm.data.documents.Excerpt;
import org.tarflowlm.generate.GenerationOptions;
import org.tarflowlm.generate.parallel.Decoding;
import org.tarflowlm.graph.KernelChoice;
import org.tarflowlm.nn.TarFlowNetwork;

/** The topics of the suite, each with the shapes and settings of docs/performance.md. */
final class SuiteTopics {
  private static final Logger LOG = LogManager.getLogger(SuiteTopics.class);
  /** Numbers of texts to generate together. */
  private static final int[] BATCHES = {1, 8, 64};
  /** Most generated tokens times vocabulary size, so that a batch takes only seconds with a vocabulary of 50,257. */
  private static final int MOST_CHOICES = 1 << 21;
  /** Least tokens per text, whatever the vocabulary. */
  private static final int LEAST_TOKENS = 4;
  /** Characters of the excerpt that a text continues, to time its first token. */
  private static final int PROMPT = 32;
  /** Characters of the excerpt to score. */
  private static final int CHARACTERS = 4_096;
  /** Texts of mixed lengths to score together, the shortest and the longest in characters; lengths are even on a logarithmic scale. */
  private static final int TEXTS = 64;
  private static final int SHORTEST = 40;
  private static final int LONGEST = 800;
  /** Windows of a forward pass, as many as scoring puts in a batch. */
  private static final int WINDOWS = 16;
  /** Characters that a new process scores, to time the start-up. */
  private static final int FIRST = 256;
  private static final int WIDE = 50_257;
  private static final int MEMORY_STEPS_A_SECOND = 50;
  private static final String KERNEL_SHAPE = "8x256x128x4";
  private static final int KERNEL_TURNS_A_TURN = 4;

  private final SuiteTurns turns;
  private final Map<String, Shape> shapes;
  private final List<String> models;

  /**
   * @param shapes shapes whose training steps to time, by the names of their figures
   * @param models models that generate and score; the first also times the start-up
   */
  SuiteTopics(SuiteTurns turns, Map<String, Shape> shapes, List<String> models) {
    this.turns = turns;
    this.shapes = shapes;
    this.models = models;
  }

  /** The shapes of docs/performance.md. */
  static Map<String, Shape> shapes() {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    shapes.put("discrete, shape A, 8 x 256", new Shape(Model.AR, 8, 256, 128, List.of(4), 4));
    shapes.put("discrete, shape B, 4 x 128", new Shape(Model.AR, 4, 128, 256, List.of(4), 8));
    shapes.put("Mix-d, 16 x 64", new Shape(Model.MIXD, 16, 64, 128, List.of(2, 1, 1), 4));
    shapes.put("Mix-1, 16 x 64", new Shape(Model.MIX1, 16, 64, 128, List.of(1, 1, 2), 4));
    shapes.put("affine, 16 x 64", new Shape(Model.AFFINE, 16, 64, 128, List.of(1, 1, 2), 4));
    return shapes;
  }

  /**
   * Measures some topics, in their order.
   *
   * @return the figures; incomplete if a topic fails or the user interrupts the program
   */
  Suite run(Set<Topic> topics) {
    Circumstances circumstances = Circumstances.now();
    boolean complete = true;
    for (Topic topic : Topic.values()) {
      if (topics.contains(topic) && !turns.interrupted()) {
        complete &= finished(topic);
      }
    }
    return new Suite(complete && !turns.interrupted(), circumstances, turns.figures());
  }

  /** Measures a topic; returns false if it fails, so that the other topics still run. */
  private boolean finished(Topic topic) {
    try {
      run(topic);
      return true;
    } catch (InterruptedException e) {
      return false;
    } catch (IOException | RuntimeException e) {
      if (!turns.interrupted()) { // an interruption also ends the child processes, which is no failure
        LOG.error("{} failed: {}", topic, e.getMessage());
        LOG.debug("{} failed", topic, e);
      }
      return false;
    }
  }

  private void run(Topic topic) throws IOException, InterruptedException {
    switch (topic) {
      case STEP -> step();
      case GENERATE -> generate();
      case SCORE -> score();
      case START -> start();
      case MEMORY -> memory();
      case KERNELS -> kernels();
      case COUPLINGS -> couplings();
      default -> throw new IllegalStateException(topic.name());
    }
  }

  private void step() throws InterruptedException {
    for (Map.Entry<String, Shape> each : shapes.entrySet()) {
      try (StepBenchmark benchmark = new StepBenchmark(each.getValue(), KernelChoice.AUTO)) {
        turns.measure(Topic.STEP, each.getKey(), "ms", benchmark::stepMs);
      }
    }
  }

  private void generate() throws InterruptedException {
    for (String id : models) {
      try (TarFlowLM model = TarFlowLM.resolve(id)) {
        AtomicLong seed = new AtomicLong();
        for (int batch : BATCHES) {
          int tokens = tokens(model, batch);
          GenerationOptions options = GenerationOptions.defaults().withMaxNewTokens(tokens).withBatchSize(batch);
          for (Decoding way : batch == 1 ? List.of(Decoding.SEQUENTIAL, Decoding.AUTO) : List.of(Decoding.SEQUENTIAL)) {
            GenerationOptions each = options.withDecoding(way);
            turns.measure(Topic.GENERATE, id + ", " + batch + " x " + tokens + " tokens, " + way.name().toLowerCase(), "characters/s",
                () -> GenerationTurn.run(model, each, seed.getAndIncrement(), 1, System::nanoTime).charactersPerSecond());
          }
        }
        int[] prompt = model.tokenizer().encode(Excerpt.text().substring(0, PROMPT));
        int rest = Math.max(LEAST_TOKENS, tokens(model, 1) - prompt.length);
        turns.measure(Topic.GENERATE, id + ", first of " + rest + " tokens after " + PROMPT + " characters", "ms",
            () -> GenerationTurn.firstTokenMs(model, prompt, rest, seed.getAndIncrement()));
      }
    }
  }

  /** Texts from the excerpt, in an order that mixes short and long ones. */
  private static List<String> textsOfMixedLengths() {
    List<String> texts = new ArrayList<>();
    int at = 0;
    for (int i = 0; i < TEXTS; i++) {
      int place = i * 27 % TEXTS; // 27 and 64 have no common divisor, so every length comes once
      int length = (int) Math.round(SHORTEST * Math.pow((double) LONGEST / SHORTEST, place / (TEXTS - 1.0)));
      texts.add(Excerpt.text().substring(at, at + length));
      at += length;
    }
    return texts;
  }

  /** Tokens of each text that a model writes. */
  private static int tokens(TarFlowLM model, int batch) {
    return Math.min(model.config().contextLength(), Math.max(LEAST_TOKENS, MOST_CHOICES / (batch * model.config().vocabSize())));
  }

  /** Times scoring and, in alternating turns, the forward pass that it runs, on the beginning of the same text. */
  private void score() throws InterruptedException {
    String text = Excerpt.text().substring(0, CHARACTERS);
    List<String> texts = textsOfMixedLengths();
    for (String id : models) {
      try (TarFlowLM model = TarFlowLM.resolve(id)) {
        int length = model.config().contextLength();
        int[] windows = Arrays.copyOf(model.tokenizer().encode(Excerpt.text()), WINDOWS * length);
        ComputationGraph network = CheckpointNetworks.network(model.checkpoint());
        try (INDArray ids = Nd4j.createFromArray(windows).reshape(WINDOWS, length)) {
          Map<String, DoubleSupplier> works = new LinkedHashMap<>();
          works.put(id + ", scoring " + CHARACTERS + " characters", () -> {
            long begin = System.nanoTime();
            Score score = model.score(text, ScoringOptions.defaults());
            return score.tokens() * 1e9 / (System.nanoTime() - begin);
          });
          works.put(id + ", scoring " + TEXTS + " texts of " + SHORTEST + " to " + LONGEST + " characters", () -> {
            long begin = System.nanoTime();
            List<Score> scores = model.score(texts, ScoringOptions.defaults());
            return scores.stream().mapToLong(Score::tokens).sum() * 1e9 / (System.nanoTime() - begin);
          });
          works.put(id + ", forward pass of " + WINDOWS + " windows", () -> {
            long begin = System.nanoTime();
            network.score(new MultiDataSet(ids, ids), false);
            return windows.length * 1e9 / (System.nanoTime() - begin);
          });
          turns.measure(Topic.SCORE, "tokens/s", works);
        }
        TarFlowNetwork.layer(network).close();
        network.close();
      }
    }
  }

  private void start() throws IOException, InterruptedException {
    Path text = Files.createTempFile("tarflowlm-bench", ".txt");
    try {
      Files.writeString(text, Excerpt.text().substring(0, FIRST));
      List<Double> seconds = new ArrayList<>();
      for (int turn = 0; turn <= turns.turns(); turn++) {
        turns.check();
        long begin = System.nanoTime();
        ChildProcess.run("score", "--model", models.get(0), "--input", text.toString());
        if (turn > 0) {
          seconds.add((System.nanoTime() - begin) / 1e9);
        }
      }
      turns.keep(Topic.START, models.get(0) + ", a process that scores " + FIRST + " characters", "s", seconds);
    } finally {
      Files.delete(text);
    }
  }

  private void memory() throws IOException, InterruptedException {
    int steps = Math.max(10, (int) (MEMORY_STEPS_A_SECOND * turns.seconds()));
    JsonNode lines = new ObjectMapper().readTree(ChildProcess.run("bench", "memory", "--steps", Integer.toString(steps), "--json"));
    JsonNode last = lines.get(lines.size() - 1);
    String name = "Mix-d, 8 x 256, ";
    turns.keep(Topic.MEMORY, name + "resident after " + last.get("step").asInt() + " steps", "MB", List.of(last.get("rssMb").asDouble()));
    turns.keep(Topic.MEMORY, name + "working memory of a step", "MB", List.of(last.get("workingMemoryMb").asDouble()));
    turns.keep(Topic.MEMORY, name + "arrays in use at a step's peak", "MB", List.of(last.get("neededMb").asDouble()));
  }

  private void kernels() throws IOException, InterruptedException {
    TimeValue time = TimeValue.milliseconds(Math.max(1, (long) (1e3 * turns.seconds() / KERNEL_TURNS_A_TURN)));
    for (String kernel : Arrays.stream(KernelBenchmarks.class.getMethods()).filter(each -> each.isAnnotationPresent(Benchmark.class))
        .map(Method::getName).sorted().toList()) {
      turns.check();
      ChainedOptionsBuilder options = new OptionsBuilder().include(KernelBenchmarks.class.getSimpleName() + "\\." + kernel + "$")
          .param("shape", KERNEL_SHAPE).warmupIterations(2).warmupTime(time).measurementIterations(turns.turns()).measurementTime(time)
          .forks(1).verbosity(VerboseMode.SILENT).shouldFailOnError(true);
      try {
        for (RunResult each : new Runner(options.build()).run()) {
          Statistics found = each.getPrimaryResult().getStatistics();
          turns.keep(new Figure(Topic.KERNELS, kernel + ", " + KERNEL_SHAPE, "ms", found.getPercentile(50), found.getMin(),
              found.getMax(), turns.turns()));
        }
      } catch (RunnerException e) {
        throw new IOException("the kernel " + kernel + " could not be timed: " + e.getMessage(), e);
      }
    }
  }

  private void couplings() throws IOException, InterruptedException {
    for (Coupling each : List.of(Coupling.MIX_1, Coupling.MIX_D)) {
      turns.check();
      CouplingBenchmark.Times times = new CouplingBenchmark(2_048, 5, 27, turns.turns(), turns.seconds() / 2, true).measure(each);
      String name = each + ", 2048 x 5, 27 components, ";
      keep(name + "kernels", times.kernels());
      keep(name + "stock ops", times.stock());
      keep(name + "stock ops in our memory", times.recycled());
    }
    turns.check();
    keep(Coupling.MIX_D + ", 1024 x 16, " + WIDE + " components, kernels",
        new CouplingBenchmark(1_024, 16, WIDE, turns.turns(), turns.seconds() / 2, false).measure(Coupling.MIX_D).kernels());
  }

  private void keep(String name, List<List<Double>> runs) {
    turns.keep(Topic.COUPLINGS, name, "ms", runs.stream().map(run -> Spread.of(run).median()).toList());
  }
}
