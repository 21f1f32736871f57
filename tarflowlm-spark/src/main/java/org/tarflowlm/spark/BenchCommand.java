package org.tarflowlm.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.tarflowlm.ScoringOptions;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.data.tokens.TokenCacheBuilder;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.data.tokens.TokenSequences;
import org.tarflowlm.train.RunConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures this Spark against the driver alone. */
@Command(name = "bench", mixinStandardHelpOptions = true, description = {
    "Compare scoring and tokenising with the driver alone, in turns, and measure the cost of a training round beyond its updates. Medians.",
    "Executors use one thread per kernel, the driver TARFLOWLM_THREADS; executors must see the driver's files.",
    "On a busy machine, trust processor time; it includes only executors that this process starts (local-cluster)."})
final class BenchCommand extends Commands.OnSpark {
  private static final int SHARDS = 8;
  private static final int[] PARAMETERS = {1_336_003, 10_000_000};

  @Option(names = "--input", required = true, paramLabel = "FILE", description = "A text of 27 symbols to work on.")
  private Path input;

  @Option(names = "--characters", paramLabel = "N", description = "Characters to score in a turn; default 65536.")
  private int characters = 65_536;

  @Option(names = "--row-characters", paramLabel = "N", description = "Characters per row; default 2048.")
  private int rowCharacters = 2_048;

  @Option(names = "--only", split = ",", paramLabel = "WHAT",
      description = "What to measure: SCORING, TOKENISING, AVERAGING; default: all.")
  private Set<Part> only = EnumSet.allOf(Part.class);

  @Option(names = "--megabytes", paramLabel = "N", description = "Text to tokenise in a turn, into 8 shards; default 128.")
  private int megabytes = 128;

  @Option(names = "--turns", paramLabel = "N", description = "Turns of each; default 3.")
  private int turns = 3;

  @Option(names = "--config", paramLabel = "FILE", description = "Run configuration to train; default: no training.")
  private Path config;

  @Option(names = "--workers", paramLabel = "N", description = "Workers of the training; default 2.")
  private int workers = 2;

  @Option(names = "--round", paramLabel = "N", description = "Updates per round; default 50.")
  private int round = 50;

  @Option(names = "--rounds", paramLabel = "N", description = "Rounds to measure, after one that is not counted; default 3.")
  private int rounds = 3;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  private final Map<String, Object> result = new LinkedHashMap<>();

  @Override
  public void run() {
    session.setDefault("spark.executorEnv.TARFLOWLM_THREADS", "1");
    session.run(spark -> {
      if (only.contains(Part.SCORING)) {
        scoring(spark);
      }
      if (only.contains(Part.TOKENISING)) {
        tokenising(spark);
      }
      if (only.contains(Part.AVERAGING)) {
        averaging(new JavaSparkContext(spark.sparkContext()));
      }
      if (config != null) {
        training(spark);
      }
    });
    if (json) {
      out().println(Commands.json(result));
    }
  }

  private void put(String name, double value) {
    result.put(name, value);
    if (!json) {
      out().printf(Locale.ROOT, "%-64s %,14.3f%n", name, value);
    }
  }

  /** Parts that can be measured alone. */
  enum Part { SCORING, TOKENISING, AVERAGING }

  /** Work to be timed. */
  @FunctionalInterface
  private interface Work {
    void run() throws IOException;
  }

  /**
   * Times of one work: of a run, or medians of several.
   *
   * @param seconds wall-clock seconds
   * @param processor seconds of processor time of this process and of executors that it has started
   */
  private record Taken(double seconds, double processor) {}

  /** Times each work in turns and returns the medians; the first turn does not count. */
  private Map<String, Taken> seconds(Map<String, Work> all) throws IOException {
    Map<String, List<Taken>> taken = new LinkedHashMap<>();
    for (int turn = 0; turn <= turns; turn++) {
      for (Map.Entry<String, Work> each : all.entrySet()) {
        double processor = processorSeconds();
        long begin = System.nanoTime();
        each.getValue().run();
        if (turn > 0) {
          taken.computeIfAbsent(each.getKey(), key -> new ArrayList<>())
              .add(new Taken((System.nanoTime() - begin) / 1e9, processorSeconds() - processor));
        }
      }
    }
    Map<String, Taken> medians = new LinkedHashMap<>();
    taken.forEach((name, values) -> medians.put(name,
        new Taken(median(values.stream().map(Taken::seconds).toList()), median(values.stream().map(Taken::processor).toList()))));
    return medians;
  }

  private static double processorSeconds() {
    try (Stream<ProcessHandle> executors = ProcessHandle.current().descendants()) {
      return Stream.concat(Stream.of(ProcessHandle.current()), executors)
          .mapToDouble(each -> each.info().totalCpuDuration().map(Duration::toMillis).orElse(0L) / 1e3).sum();
    }
  }

  private static double median(List<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
  }

  private void ratios(String what, String unit, double amount, Map<String, Taken> taken) {
    Taken local = taken.get("driver alone");
    taken.forEach((name, value) -> {
      put(what + ", " + name + ", " + unit + "/s", amount / value.seconds());
      if (!name.equals("driver alone")) {
        put(what + ", " + name + " / driver alone", local.seconds() / value.seconds());
        put(what + ", " + name + " / driver alone, by processor time", local.processor() / value.processor());
      }
    });
  }

  private void scoring(SparkSession spark) throws IOException {
    ScoringOptions scoring = ScoringOptions.defaults().withMaxCharacters(characters);
    SparkOptions options = SparkOptions.defaults().withScoring(scoring).withMixedMachines(true);
    String text = Files.readString(input).strip().substring(0, characters);
    List<String> rows = IntStream.range(0, characters / rowCharacters)
        .mapToObj(i -> text.substring(i * rowCharacters, (i + 1) * rowCharacters)).toList();
    Dataset<Row> data = spark.createDataset(rows, Encoders.STRING()).toDF("text")
        .repartition(Math.min(rows.size(), 4 * spark.sparkContext().defaultParallelism()));
    try (TarFlowLM local = TarFlowLM.pretrained(); TokenSequence tokens = TokenSequences.open(input.toString(), local.tokenizer())) {
      Map<String, Work> all = new LinkedHashMap<>();
      all.put("driver alone", () -> local.score(tokens, scoring));
      all.put("rows", () -> TarFlowSpark.score(data, "text", options).write().format("noop").mode("overwrite").save());
      all.put("one text", () -> TarFlowSpark.scoreText(spark, input.toAbsolutePath().toString(), options));
      ratios("scoring", "characters", characters, seconds(all));
    }
  }

  private void tokenising(SparkSession spark) throws IOException {
    Path folder = Files.createTempDirectory("tarflowlm-bench");
    try {
      Path corpus = Files.createDirectory(folder.resolve("corpus"));
      String text = Files.readString(input).strip();
      String document = text.substring(0, Math.min(text.length(), 2_000_000));
      int documents = Math.toIntExact((1_000_000L * megabytes + document.length() - 1) / document.length());
      long bytes = (long) documents * document.length();
      for (int i = 0; i < documents; i++) {
        Files.writeString(corpus.resolve(String.format(Locale.ROOT, "document%05d.txt", i)), document);
      }
      Map<String, Work> all = new LinkedHashMap<>();
      int[] turn = {0};
      all.put("driver alone", () -> new TokenCacheBuilder(InputFile.of(corpus), Tokenizers.byName("gpt2"))
          .build(folder.resolve("local" + turn[0]++ + ".tokens")));
      all.put("shards", () -> new SparkTokenizer(spark, "gpt2", DocumentOptions.DEFAULT, folder.resolve("shards" + turn[0]++).toString())
          .files(corpus.toString(), bytes / SHARDS));
      ratios("tokenising", "MB", 1e-6 * bytes, seconds(all));
    } finally {
      RunStore.delete(folder);
    }
  }

  /** Measures rounds without updates: what sending and averaging the state costs. */
  private void averaging(JavaSparkContext spark) throws IOException {
    for (int parameters : PARAMETERS) {
      NetworkState state = new NetworkState(new float[parameters], new float[2 * parameters], new double[0], new boolean[0], 0);
      Map<String, Work> all = new LinkedHashMap<>();
      for (int number = 1; number <= workers; number++) {
        int n = number;
        all.put("averaging " + parameters + " parameters, " + n + (n == 1 ? " worker, s" : " workers, s"), () -> average(spark, state, n));
      }
      seconds(all).forEach((name, taken) -> put(name, taken.seconds()));
    }
  }

  private static void average(JavaSparkContext spark, NetworkState state, int workers) {
    Broadcast<NetworkState> sent = spark.broadcast(state);
    NetworkState.mean(spark.parallelize(IntStream.range(0, workers).boxed().toList(), workers).map(number -> sent.value()).collect());
    sent.destroy();
  }

  private void training(SparkSession spark) throws IOException {
    RunConfig run = RunConfig.read(config);
    Path folder = Files.createTempDirectory("tarflowlm-bench");
    try {
      int steps = round * (rounds + 1);
      RunConfig cut = run.withTraining(run.training().withSteps(steps));
      SparkTrainer trainer = SparkTrainer.start(spark, null, cut, input.toAbsolutePath().toString(), input.toAbsolutePath().toString(),
          folder.resolve("run").toString(), new SparkTrainer.Plan(workers, round, DocumentOptions.DEFAULT, true));
      trainer.run(() -> false);
      List<SparkTrainer.Round> counted = trainer.rounds().subList(1, trainer.rounds().size());
      put("round of " + round + " updates, " + workers + " workers, s", median(counted.stream()
          .map(SparkTrainer.Round::seconds).toList()));
      put("of which updates of the slowest worker, s", median(counted.stream().map(SparkTrainer.Round::inUpdates).toList()));
      put("rest / updates", median(counted.stream().map(each -> each.seconds() / each.inUpdates() - 1).toList()));
    } finally {
      RunStore.delete(folder);
    }
  }
}
