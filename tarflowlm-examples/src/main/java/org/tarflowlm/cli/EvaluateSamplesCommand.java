package org.tarflowlm.cli;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.tarflowlm.Score;
import org.tarflowlm.ScoringOptions;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.checkpoint.CheckpointNetworks;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.command.Json;
import org.tarflowlm.command.Table;
import org.tarflowlm.data.corpus.Corpora;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokens.TokenArray;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.eval.DivergenceFrontier;
import org.tarflowlm.eval.SampleStatistics;
import org.tarflowlm.eval.SampleStatistics.Bits;
import org.tarflowlm.eval.TokenWindows;
import org.tarflowlm.generate.Generation;
import org.tarflowlm.generate.GenerationOptions;
import org.tarflowlm.nn.TarFlowLayer;
import org.tarflowlm.nn.TarFlowNetwork;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures how good generated texts are: how likely other models with the same tokens find them, and how varied they are. */
@Command(name = "evaluate-samples", mixinStandardHelpOptions = true, description = {
    "Generate texts with every model at every temperature, and measure entropy of token frequencies in bits, distinct n-grams, "
        + "and bits per character under every judge (exact for discrete models, an upper bound for flow models).",
    "With --reference and a discrete judge, also measure a divergence frontier as in MAUVE: it compares the judge's hidden states for the "
        + "texts with those for other pieces of the reference; 1 means equal distributions. The row of real text shows what is attainable. "
        + "It needs at least ten states, one per 16 tokens.",
    "Fewer bits do not mean a better text: compare with the row of real text.", "With --prompt-tokens, texts continue pieces of "
        + "--reference, bits are those of the continuation given the prompt (for flow models a difference of two bounds), and rows "
        + "written without the prompt show how much the prompt helps."})
final class EvaluateSamplesCommand extends BaseCommand {
  @Option(names = "--models", split = ",", paramLabel = "ID-or-FOLDER", defaultValue = "text8-ar,text8-mixd",
      description = "Models that write; default ${DEFAULT-VALUE}.")
  private List<String> models;

  @Option(names = "--judges", split = ",", paramLabel = "ID-or-FOLDER", description = "Models that judge; default: those that write.")
  private List<String> judges;

  @Option(names = "--temperatures", split = ",", paramLabel = "T", defaultValue = "0.7,1.0", description = "default ${DEFAULT-VALUE}")
  private List<Double> temperatures;

  @Option(names = "--texts", paramLabel = "N", defaultValue = "64", description = "Texts per row; default ${DEFAULT-VALUE}.")
  private int texts;

  @Option(names = "--tokens", paramLabel = "N", defaultValue = "256", description = "Tokens of a text; default ${DEFAULT-VALUE}.")
  private int tokens;

  @Option(names = "--seed", paramLabel = "S", defaultValue = "1", description = "Same seed, same table; default ${DEFAULT-VALUE}.")
  private long seed;

  @Option(names = "--reference", paramLabel = "FILE", description = "A real text, for a row of pieces "
      + "spread evenly over it: a file, or a part of a corpus, such as text8:test.")
  private String reference;

  @Option(names = "--prompt-tokens", paramLabel = "N", defaultValue = "0",
      description = "Tokens of the reference that a text continues; default 0: no prompt.")
  private int promptTokens;

  @Option(names = "--refinements", paramLabel = "N", defaultValue = "0",
      description = "Metropolis steps that refine a flow model's continuation; default 0.")
  private int refinements;

  @Option(names = "--json", description = "Print one JSON object: texts, tokens, seed, rows.")
  private boolean json;

  private final Map<String, TarFlowLM> loaded = new LinkedHashMap<>();
  /** Compares every row with this: hidden states of {@link #reader} for pieces of the reference. */
  private double[][] people;
  /** The first discrete judge; null if there is none, or no reference. */
  private TarFlowLayer reader;

  /** One row of the table. */
  private record Row(String source, Double temperature, Boolean prompted, @JsonUnwrapped SampleStatistics statistics) {}

  @Override
  public Integer call() {
    requireAtLeast("--texts", texts, 1);
    requireAtLeast("--tokens", tokens, SampleStatistics.LEAST);
    requireAtLeast("--prompt-tokens", promptTokens, 0);
    require(promptTokens == 0 || reference != null, "--prompt-tokens needs a --reference");
    judges = judges == null ? models : judges;
    try {
      models.forEach(each -> loaded.computeIfAbsent(each, TarFlowLM::resolve));
      judges.forEach(each -> loaded.computeIfAbsent(each, TarFlowLM::resolve));
      requireWindows();
      List<Row> rows = new ArrayList<>();
      int[][] prompts = new int[texts][0];
      Boolean prompted = promptTokens > 0 ? true : null;
      if (reference != null) {
        // even pieces make the row of real text; odd pieces give the states that all rows are compared with
        int[][] pieces = pieces(reference, loaded.get(models.get(0)).tokenizer(), 2 * texts - 1, promptTokens + tokens);
        readPeople(every(2, 1, pieces));
        int[][] own = every(2, 0, pieces);
        prompts = cut(own, 0, promptTokens);
        rows.add(row(reference, null, prompted, prompts, cut(own, promptTokens, promptTokens + tokens)));
      }
      for (String each : models) {
        for (double temperature : temperatures) {
          rows.add(row(each, temperature, prompted, prompts, written(loaded.get(each), temperature, prompts)));
          if (promptTokens > 0) {
            rows.add(row(each, temperature, false, prompts, written(loaded.get(each), temperature, new int[texts][0])));
          }
        }
      }
      print(rows);
    } finally {
      loaded.values().forEach(TarFlowLM::close);
      if (reader != null) {
        reader.close();
      }
    }
    return 0;
  }

  /** Refuses a prompt that does not fit a judge's window together with the text: it would be cut off silently. */
  private void requireWindows() {
    for (String each : judges) {
      int window = loaded.get(each).config().contextLength();
      require(promptTokens == 0 || promptTokens + tokens <= window, "--prompt-tokens " + promptTokens + " and --tokens " + tokens
          + " make " + (promptTokens + tokens) + "; expected at most " + window + ", the window of the judge " + each);
    }
  }

  private static boolean isDiscrete(TarFlowLM model) {
    return !model.config().isFlow();
  }

  private void readPeople(int[][] pieces) {
    if (pieces.length * (tokens / DivergenceFrontier.STRIDE) >= DivergenceFrontier.LEAST) {
      judges.stream().map(loaded::get).filter(EvaluateSamplesCommand::isDiscrete).findFirst().ifPresent(judge -> {
        reader = TarFlowNetwork.layer(CheckpointNetworks.network(judge.checkpoint()));
        people = DivergenceFrontier.states(reader, pieces, promptTokens);
      });
    }
  }

  /** Pieces of a real text, spread evenly over it: [pieces][length]. */
  static int[][] pieces(String reference, Tokenizer tokenizer, int pieces, int length) {
    try (TokenSequence sequence = Corpora.fromEnvironment().open(reference, tokenizer)) {
      return TokenWindows.toTheEnds(reference, sequence, length, pieces);
    }
  }

  /** The same part of each text: [texts][to - from]. */
  static int[][] cut(int[][] texts, int from, int to) {
    return Arrays.stream(texts).map(text -> Arrays.copyOfRange(text, from, to)).toArray(int[][]::new);
  }

  private static int[][] every(int step, int first, int[][] pieces) {
    return IntStream.range(0, pieces.length).filter(i -> i % step == first).mapToObj(i -> pieces[i]).toArray(int[][]::new);
  }

  private int[][] written(TarFlowLM model, double temperature, int[][] prompts) {
    GenerationOptions options = GenerationOptions.defaults().withMaxNewTokens(tokens).withTemperature(temperature)
        .withRefinements(refinements);
    if (prompts[0].length == 0) {
      return model.generate("", options.withSeed(seed).withBatchSize(texts)).stream().map(Generation::tokens).toArray(int[][]::new);
    }
    int[][] result = new int[texts][];
    for (int i = 0; i < texts; i++) {
      result[i] = model.generate(model.tokenizer().decode(prompts[i]), options.withSeed(seed + i)).get(0).tokens();
    }
    return result;
  }

  private Row row(String source, Double temperature, Boolean prompted, int[][] prompts, int[][] samples) {
    Map<String, Function<int[], Bits>> judging = new LinkedHashMap<>();
    judges.forEach(name -> judging.put(name, text -> {
      TarFlowLM judge = loaded.get(name);
      Score score = judge.score(new TokenArray(text, judge.tokenizer().vocabSize()), ScoringOptions.defaults().withSeed(seed));
      return new Bits(score.nats() / Math.log(2), score.characters());
    }));
    return new Row(source, temperature, prompted, SampleStatistics.of(prompts, samples, judging, reader == null ? null
        : whole -> DivergenceFrontier.between(people, DivergenceFrontier.states(reader, whole, promptTokens), seed)));
  }

  private void print(List<Row> rows) {
    if (json) {
      out().println(Json.of(Json.object("texts", texts, "tokens", tokens, "seed", seed, "rows", rows)));
      return;
    }
    List<String> names = new ArrayList<>(List.of("written by", "temperature", "entropy, bits"));
    rows.get(0).statistics().distinct().keySet().forEach(n -> names.add("distinct-" + n));
    rows.get(0).statistics().bitsPerCharacter().keySet().forEach(judge -> names.add("bits per character, " + judge));
    if (reader != null) {
      names.add("divergence frontier");
    }
    Table table = new Table(names);
    for (Row row : rows) {
      SampleStatistics statistics = row.statistics();
      List<String> cells = new ArrayList<>(List.of(row.source() + (Boolean.FALSE.equals(row.prompted()) ? ", without the prompt" : ""),
          row.temperature() == null ? "" : row.temperature().toString(), "%.3f".formatted(statistics.entropyBits())));
      statistics.distinct().values().forEach(value -> cells.add("%.3f".formatted(value)));
      statistics.bitsPerCharacter().values().forEach(value -> cells.add("%.3f".formatted(value)));
      if (reader != null) {
        cells.add("%.3f".formatted(statistics.frontier()));
      }
      table.row(cells);
    }
    out().print(table);
    out().printf("%d texts of %d tokens per row, seed %d%n", texts, tokens, seed);
    if (promptTokens > 0 && !judges.stream().map(loaded::get).allMatch(EvaluateSamplesCommand::isDiscrete)) {
      out().println("The bits of a continuation given its prompt are a difference. Under a flow model both terms are upper bounds, so the "
          + "difference is not a bound.");
    }
  }
}
