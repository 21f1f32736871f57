package org.tarflowlm.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.tarflowlm.Score;
import org.tarflowlm.ScoringOptions;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.checkpoint.CheckpointNetworks;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.command.Json;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.data.corpus.Corpora;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokens.TokenArray;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.eval.DivergenceFrontier;
import org.tarflowlm.eval.SampleStatistics;
import org.tarflowlm.eval.TokenWindows;
import org.tarflowlm.generate.Generation;
import org.tarflowlm.generate.GenerationOptions;
import org.tarflowlm.nn.TarFlowLayer;
import org.tarflowlm.nn.TarFlowNetwork;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures how good generated texts are: how likely other models of the same tokens find them, and how varied they are. */
@Command(name = "evaluate-samples", mixinStandardHelpOptions = true, description = {
    "Write texts with every model at every temperature, and measure them: entropy of a text's token frequencies in bits, distinct n-grams, "
        + "and bits per character under every judge (exact for discrete models, an upper bound for flow models).",
    "With --reference and a discrete judge, also the divergence frontier in the manner of MAUVE: the judge's hidden states for the texts "
        + "against those for other pieces of the reference, 1 for equal distributions. The row of real text shows what can be reached. "
        + "Left out with fewer than ten states: one per 16 tokens.",
    "Fewer bits do not mean a better text: compare with the row of real text.", "With --prompt-tokens, texts continue pieces of "
        + "--reference, bits are those of the continuation given the prompt (for flow models a difference of two bounds), and rows "
        + "written without the prompt show what the prompt is worth."})
final class EvaluateSamplesCommand extends BaseCommand {
  private static final int[] GRAMS = {2, 4, 8};

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

  private long exactJudges;
  /** Pieces of the reference that rows are compared with; null without one. */
  private int[][] people;
  /** The discrete judge whose hidden states are compared; null if there is none. */
  private ComputationGraph frontier;

  /** One row of the table. */
  private record Row(String source, Double temperature, Boolean prompted, double entropyBits, Map<String, Double> distinct,
      Map<String, Double> bitsPerCharacter, Double frontier) {}

  @Override
  public Integer call() {
    requireAtLeast("--texts", texts, 1);
    requireAtLeast("--tokens", tokens, GRAMS[GRAMS.length - 1]);
    requireAtLeast("--prompt-tokens", promptTokens, 0);
    require(promptTokens == 0 || reference != null, "--prompt-tokens needs a --reference");
    Map<String, TarFlowLM> loaded = new LinkedHashMap<>();
    try {
      List<String> judging = judges == null ? models : judges;
      models.forEach(each -> loaded.computeIfAbsent(each, TarFlowLM::resolve));
      judging.forEach(each -> loaded.computeIfAbsent(each, TarFlowLM::resolve));
      requireWindows(judging, loaded);
      exactJudges = judging.stream().distinct().filter(each -> loaded.get(each).config().model() == ModelType.AUTOREGRESSIVE).count();
      List<Row> rows = new ArrayList<>();
      int[][] prompts = new int[texts][0];
      if (reference != null) {
        // every second piece is the row of people's text, those between them are what all rows are compared with
        int[][] pieces = pieces(reference, loaded.get(models.get(0)).tokenizer(), 2 * texts - 1, promptTokens + tokens);
        people = each(2, 1, pieces);
        frontier = judging.stream().map(loaded::get).filter(judge -> judge.config().model() == ModelType.AUTOREGRESSIVE).findFirst()
            .filter(judge -> (texts - 1) * (tokens / DivergenceFrontier.STRIDE) >= DivergenceFrontier.LEAST)
            .map(judge -> CheckpointNetworks.network(judge.checkpoint())).orElse(null);
        pieces = each(2, 0, pieces);
        prompts = Arrays.stream(pieces).map(piece -> Arrays.copyOf(piece, promptTokens)).toArray(int[][]::new);
        int[][] rest = Arrays.stream(pieces).map(piece -> Arrays.copyOfRange(piece, promptTokens, piece.length)).toArray(int[][]::new);
        rows.add(row(reference, null, prompts, rest, judging, loaded));
      }
      for (String each : models) {
        for (double temperature : temperatures) {
          rows.add(row(each, temperature, prompts, written(loaded.get(each), temperature, prompts), judging, loaded));
          if (promptTokens > 0) {
            int[][] free = written(loaded.get(each), temperature, new int[texts][0]);
            Row unprompted = row(each, temperature, prompts, free, judging, loaded);
            rows.add(new Row(each, temperature, false, unprompted.entropyBits(), unprompted.distinct(), unprompted.bitsPerCharacter(),
                unprompted.frontier()));
          }
        }
      }
      print(rows);
    } finally {
      loaded.values().forEach(TarFlowLM::close);
      if (frontier != null) {
        TarFlowNetwork.layer(frontier).close();
      }
    }
    return 0;
  }

  /** A prompt that a judge's window does not hold together with the text would be cut off in silence. */
  private void requireWindows(List<String> judging, Map<String, TarFlowLM> loaded) {
    for (String each : judging) {
      int window = loaded.get(each).config().contextLength();
      require(promptTokens == 0 || promptTokens + tokens <= window, "--prompt-tokens " + promptTokens + " and --tokens " + tokens
          + " make " + (promptTokens + tokens) + "; expected at most " + window + ", the window of the judge " + each);
    }
  }

  /** Pieces of a real text, spread evenly over it: [pieces][length]. */
  static int[][] pieces(String reference, Tokenizer tokenizer, int pieces, int length) {
    try (TokenSequence sequence = Corpora.fromEnvironment().open(reference, tokenizer)) {
      return TokenWindows.toTheEnds(reference, sequence, length, pieces);
    }
  }

  private static int[][] each(int step, int first, int[][] pieces) {
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

  private Row row(String source, Double temperature, int[][] prompts, int[][] samples, List<String> judging,
      Map<String, TarFlowLM> loaded) {
    Map<String, Double> distinct = new LinkedHashMap<>();
    for (int n : GRAMS) {
      distinct.put(Integer.toString(n), SampleStatistics.distinct(samples, n));
    }
    Map<String, Double> bits = new LinkedHashMap<>();
    for (String each : judging) {
      TarFlowLM judge = loaded.get(each);
      bits.put(each, IntStream.range(0, samples.length).mapToDouble(i -> bitsPerCharacter(judge, prompts[i], samples[i])).average()
          .orElseThrow());
    }
    return new Row(source, temperature, promptTokens > 0 ? true : null, SampleStatistics.entropyBits(samples), distinct, bits,
        frontier(prompts, samples));
  }

  /** Null without a reference or a discrete judge. */
  private Double frontier(int[][] prompts, int[][] samples) {
    if (frontier == null) {
      return null;
    }
    TarFlowLayer judge = TarFlowNetwork.layer(frontier);
    int[][] whole = IntStream.range(0, samples.length).mapToObj(i -> joined(prompts[i], samples[i])).toArray(int[][]::new);
    return DivergenceFrontier.between(DivergenceFrontier.states(judge, people, promptTokens),
        DivergenceFrontier.states(judge, whole, promptTokens), seed);
  }

  private static int[] joined(int[] prompt, int[] text) {
    int[] both = Arrays.copyOf(prompt, prompt.length + text.length);
    System.arraycopy(text, 0, both, prompt.length, text.length);
    return both;
  }

  /** Bits per character of a continuation given its prompt: the bits of both, minus those of the prompt alone. */
  private double bitsPerCharacter(TarFlowLM judge, int[] prompt, int[] text) {
    Score whole = score(judge, joined(prompt, text));
    if (prompt.length == 0) {
      return whole.bitsPerCharacter();
    }
    Score known = score(judge, prompt);
    return (whole.nats() - known.nats()) / Math.log(2) / (whole.characters() - known.characters());
  }

  private Score score(TarFlowLM judge, int[] text) {
    return judge.score(new TokenArray(text, judge.tokenizer().vocabSize()), ScoringOptions.defaults().withSeed(seed));
  }

  private void print(List<Row> rows) {
    if (json) {
      out().println(Json.of(Json.object("texts", texts, "tokens", tokens, "seed", seed, "rows", rows)));
      return;
    }
    List<String> names = new ArrayList<>(List.of("written by", "temperature", "entropy, bits"));
    rows.get(0).distinct().keySet().forEach(n -> names.add("distinct-" + n));
    rows.get(0).bitsPerCharacter().keySet().forEach(judge -> names.add("bits per character, " + judge));
    if (frontier != null) {
      names.add("divergence frontier");
    }
    Table table = new Table(names);
    for (Row row : rows) {
      String source = row.source() + (Boolean.FALSE.equals(row.prompted()) ? ", without the prompt" : "");
      List<String> cells = new ArrayList<>(List.of(source, row.temperature() == null ? "" : row.temperature().toString(),
          String.format("%.3f", row.entropyBits())));
      row.distinct().values().forEach(value -> cells.add(String.format("%.3f", value)));
      row.bitsPerCharacter().values().forEach(value -> cells.add(String.format("%.3f", value)));
      if (frontier != null) {
        cells.add(String.format("%.3f", row.frontier()));
      }
      table.row(cells);
    }
    out().print(table);
    out().printf("%d texts of %d tokens per row, seed %d%n", texts, tokens, seed);
    if (promptTokens > 0 && rows.get(0).bitsPerCharacter().size() > exactJudges) {
      out().println("Bits of a continuation given its prompt are a difference; under a flow model it is one of two upper bounds, and "
          + "bounds nothing.");
    }
  }
}
