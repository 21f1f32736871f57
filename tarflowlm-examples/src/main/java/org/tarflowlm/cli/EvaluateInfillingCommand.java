package org.tarflowlm.cli;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import org.tarflowlm.ScoringOptions;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.command.Json;
import org.tarflowlm.command.Table;
import org.tarflowlm.data.tokens.TokenArray;
import org.tarflowlm.eval.GapBits;
import org.tarflowlm.eval.GapBits.Bits;
import org.tarflowlm.eval.MeanEstimate;
import org.tarflowlm.generate.Generation;
import org.tarflowlm.generate.GenerationOptions;
import org.tarflowlm.kernel.Parallel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures how well models fill gaps in real text: how likely judges find the filling and the text after it. */
@Command(name = "evaluate-infilling", mixinStandardHelpOptions = true, description = {
    "Cut a gap into pieces of a real text, fill it in several ways, and measure bits per token under every judge, given the text on "
        + "the left: of the filling, of the first tokens after it (where a bad join shows), and of the filling with all that follows.",
    "The gap is filled by the true text; by the flow model from both sides, with each number of refinements; by the flow model and "
        + "by its discrete twin from the left side alone; by the flow model without context. With --right 0, the fillings continue a "
        + "prompt.",
    "Fewer bits do not mean a better text: compare with the true text, piece by piece. The bits are differences "
        + "between a longer and a shorter text; under a flow model, between two upper bounds."})
final class EvaluateInfillingCommand extends BaseCommand {
  @Option(names = "--model", paramLabel = "ID-or-FOLDER", defaultValue = "text8-mixd",
      description = "The flow model that fills gaps; default ${DEFAULT-VALUE}.")
  private String model;

  @Option(names = "--twin", paramLabel = "ID-or-FOLDER", defaultValue = "text8-ar",
      description = "A model that continues the left side; default ${DEFAULT-VALUE}.")
  private String twin;

  @Option(names = "--judges", split = ",", paramLabel = "ID-or-FOLDER", description = "Models that judge; default: twin and model.")
  private List<String> judges;

  @Option(names = "--reference", required = true, paramLabel = "FILE", description = "The real text, a file "
      + "or a part of a corpus, such as text8:test; pieces are spread evenly over it.")
  private String reference;

  @Option(names = "--pieces", paramLabel = "N", defaultValue = "128", description = "Pieces of the reference; default ${DEFAULT-VALUE}.")
  private int pieces;

  @Option(names = "--left", paramLabel = "N", defaultValue = "112", description = "Tokens before the gap; default ${DEFAULT-VALUE}.")
  private int left;

  @Option(names = "--gap", paramLabel = "N", defaultValue = "32", description = "Tokens of the gap; default ${DEFAULT-VALUE}.")
  private int gap;

  @Option(names = "--right", paramLabel = "N", defaultValue = "112", description = "Tokens after the gap; default ${DEFAULT-VALUE}.")
  private int right;

  @Option(names = "--join", paramLabel = "N", defaultValue = "16",
      description = "Tokens right after the gap to measure alone; default ${DEFAULT-VALUE}, or --right if that is less.")
  private int join;

  @Option(names = "--refinements", split = ",", paramLabel = "N", defaultValue = "0,40",
      description = "Metropolis steps of the flow model, one row for each; default ${DEFAULT-VALUE}.")
  private List<Integer> refinements;

  @Option(names = "--temperature", paramLabel = "T", defaultValue = "1.0",
      description = "Temperature of all models; default ${DEFAULT-VALUE}.")
  private double temperature;

  @Option(names = "--seed", paramLabel = "S", defaultValue = "1", description = "Same seed, same table; default ${DEFAULT-VALUE}.")
  private long seed;

  @Option(names = "--json", description = "Print one JSON object: the options, and rows.")
  private boolean json;

  private final Map<String, TarFlowLM> loaded = new LinkedHashMap<>();
  private int[][] texts;

  /** One way of filling; the share of accepted steps is null if no steps were taken; bits by judge and part. */
  private record Row(String source, Double accepted, @JsonIgnore int[][] tokens, Map<String, Map<String, Bits>> bits) {}

  @Override
  public Integer call() {
    GenerationOptions options = checkedOptions();
    try {
      judges = judges == null ? List.of(twin, model) : judges;
      loaded.put(model, TarFlowLM.resolve(model));
      loaded.computeIfAbsent(twin, TarFlowLM::resolve);
      judges.forEach(each -> loaded.computeIfAbsent(each, TarFlowLM::resolve));
      for (TarFlowLM each : loaded.values()) {
        require(left + gap + right <= each.config().contextLength(), "--left, --gap and --right are " + (left + gap + right)
            + " tokens; the window of " + each.name() + " has " + each.config().contextLength());
      }
      texts = EvaluateSamplesCommand.pieces(reference, loaded.get(model).tokenizer(), pieces, left + gap + right);
      List<Row> rows = fillings(options);
      judge(rows);
      print(rows);
    } finally {
      loaded.values().forEach(TarFlowLM::close);
    }
    return 0;
  }

  private GenerationOptions checkedOptions() {
    requireAtLeast("--pieces", pieces, 1);
    requireAtLeast("--left", left, 1);
    requireAtLeast("--gap", gap, 1);
    requireAtLeast("--right", right, 0);
    requireAtLeast("--join", join, 1);
    refinements.forEach(each -> requireAtLeast("--refinements", each, 0));
    join = Math.min(join, right);
    try {
      return GenerationOptions.defaults().withMaxNewTokens(gap).withTemperature(temperature);
    } catch (IllegalArgumentException e) {
      throw wrong("--" + e.getMessage());
    }
  }

  private List<Row> fillings(GenerationOptions options) {
    List<Row> result = new ArrayList<>();
    result.add(new Row(reference, null, EvaluateSamplesCommand.cut(texts, left, left + gap), new LinkedHashMap<>()));
    TarFlowLM flows = loaded.get(model);
    for (int steps : refinements) {
      GenerationOptions refined = options.withRefinements(steps);
      String source = model + (right > 0 ? ", both sides" : ", left side") + (steps > 0 ? ", " + steps + " refinements" : "");
      result.add(filling(source, steps > 0, i -> flows.infill(text(flows, i, 0, left), gap, text(flows, i, left + gap, left + gap + right),
          refined.withSeed(seed + i)).get(0)));
    }
    if (right > 0) {
      result.add(filling(model + ", left side alone", false,
          i -> flows.generate(text(flows, i, 0, left), options.withSeed(seed + i)).get(0)));
    }
    TarFlowLM discrete = loaded.get(twin);
    result.add(filling(twin + ", left side" + (right > 0 ? " alone" : ""), false,
        i -> discrete.generate(text(discrete, i, 0, left), options.withSeed(seed + i)).get(0)));
    result.add(filling(model + ", from nothing", false, i -> flows.generate("", options.withSeed(seed + i)).get(0)));
    return result;
  }

  private Row filling(String source, boolean refined, IntFunction<Generation> way) {
    Generation[] all = new Generation[pieces];
    Parallel.run(pieces, i -> all[i] = way.apply(i));
    double accepted = Arrays.stream(all).mapToDouble(Generation::accepted).average().orElseThrow();
    return new Row(source, refined ? accepted : null, Arrays.stream(all).map(Generation::tokens).toArray(int[][]::new),
        new LinkedHashMap<>());
  }

  private String text(TarFlowLM reader, int piece, int from, int to) {
    return reader.tokenizer().decode(Arrays.copyOfRange(texts[piece], from, to));
  }

  private void judge(List<Row> rows) {
    GapBits measure = new GapBits(texts, left, gap, join);
    for (String name : judges) {
      TarFlowLM judge = loaded.get(name);
      ScoringOptions options = ScoringOptions.defaults().withSeed(seed);
      List<Map<String, Bits>> found = measure.of(rows.stream().map(Row::tokens).toList(), tokens ->
          judge.score(new TokenArray(tokens, judge.tokenizer().vocabSize()), options).nats() / Math.log(2));
      for (int row = 0; row < rows.size(); row++) {
        rows.get(row).bits().put(name, found.get(row));
      }
    }
  }

  private void print(List<Row> rows) {
    if (json) {
      out().println(Json.of(Json.object("reference", reference, "pieces", pieces, "left", left, "gap", gap, "right", right,
          "temperature", temperature, "seed", seed, "rows", rows)));
      return;
    }
    List<String> names = new ArrayList<>(List.of("filled by", "accepted"));
    rows.get(0).bits().forEach((judge, parts) -> parts.keySet().forEach(part -> names.add(part + ", " + judge)));
    Table table = new Table(names);
    for (Row row : rows) {
      List<String> cells = new ArrayList<>(List.of(row.source(), row.accepted() == null ? "" : String.format("%.2f", row.accepted())));
      row.bits().values().forEach(parts -> parts.values().forEach(bits -> cells.add(cell(bits, row == rows.get(0)))));
      table.row(cells);
    }
    out().print(table);
    out().printf("bits per token, in brackets the difference to the true text, piece by piece; %d pieces of %d, %d and %d "
        + "tokens, temperature %.1f, seed %d%n", pieces, left, gap, right, temperature, seed);
  }

  private static String cell(Bits bits, boolean trueText) {
    MeanEstimate mean = bits.bitsPerToken();
    MeanEstimate more = bits.moreThanTrueText();
    return trueText ? String.format("%.3f%s", mean.mean(), error(mean))
        : String.format("%.3f (%+.3f%s)", mean.mean(), more.mean(), error(more));
  }

  private static String error(MeanEstimate mean) {
    return Double.isNaN(mean.standardError()) ? "" : String.format(" ± %.3f", mean.standardError());
  }
}
