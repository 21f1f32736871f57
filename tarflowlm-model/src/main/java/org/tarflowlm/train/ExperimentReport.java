package org.tarflowlm.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import org.tarflowlm.data.file.AtomicFile;

/** Writes an experiment's figures as a Markdown table, next to the paper's figures. */
public final class ExperimentReport {
  private ExperimentReport() {}

  /** The finished runs of a row, one per seed. */
  private record Group(List<ExperimentRow> runs) {
    ExperimentRow first() {
      return runs.get(0);
    }

    double mean(ToDoubleFunction<ExperimentRow> figure) {
      return runs.stream().mapToDouble(figure).average().orElseThrow();
    }

    /** A single run's figure with its standard error over the windows, or the mean and range of several runs. */
    String figure(ToDoubleFunction<ExperimentRow> bits, Function<ExperimentRow, Double> error) {
      return runs.size() == 1
          ? withError(bits.applyAsDouble(first()), error.apply(first()))
          : String.format(Locale.ROOT, "%.4f (%.4f to %.4f)", mean(bits), runs.stream().mapToDouble(bits).min().orElseThrow(),
              runs.stream().mapToDouble(bits).max().orElseThrow());
    }

    String distinct(Function<ExperimentRow, Object> fact) {
      return runs.stream().map(fact).filter(Objects::nonNull).map(Object::toString).distinct().collect(Collectors.joining(", "));
    }
  }

  /**
   * The table, with rows in the order of the experiment, and ratios to the baseline if that is finished. A row with several seeds shows
   * means over its runs, and the range of the bits.
   *
   * @param results of finished runs, each with the name of its row
   */
  public static String markdown(ExperimentSpec spec, List<ExperimentRow> results) {
    Map<String, Group> groups = new LinkedHashMap<>();
    for (ExperimentSpec.Row row : spec.rows()) {
      List<ExperimentRow> runs = results.stream().filter(result -> result.name().equals(row.name())).toList();
      if (!runs.isEmpty()) {
        groups.put(row.name(), new Group(runs));
      }
    }
    Group baseline = spec.baseline() == null ? null : groups.get(spec.baseline());
    StringBuilder text = new StringBuilder("## ").append(spec.title()).append("\n\n");
    text.append("| model | parameters | tokens | seeds | bits (ELBO; exact for AR) | importance-weighted (K) | ratio to baseline |"
        + " ratio, weighted | s/step | commit | paper, text8 (other data, other size) | paper's ratio |\n"
        + "|---|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (Group group : groups.values()) {
      ExperimentRow row = group.first();
      boolean weighted = row.samples() > 1;
      text.append(String.format(Locale.ROOT, "| %s | %,d | %,d | %s | %s | %s | %s | %s | %.3f | %s | %s | %s |%n", row.label(),
          row.parameters(), row.tokens(), group.distinct(ExperimentRow::seed), group.figure(ExperimentRow::bits, ExperimentRow::error),
          weighted ? group.figure(ExperimentRow::weightedBits, ExperimentRow::weightedError) + " (" + row.samples() + ")" : "",
          ratio(group, baseline, ExperimentRow::bits), weighted ? ratio(group, baseline, ExperimentRow::weightedBits) : "",
          group.mean(ExperimentRow::secondsPerStep), group.distinct(ExperimentRow::commit),
          row.published() == null ? "" : String.format(Locale.ROOT, "%.2f", row.published()),
          row.published() == null || baseline == null || baseline.first().published() == null ? ""
              : number(row.published() / baseline.first().published())));
    }
    return text.toString().replace("\r\n", "\n");
  }

  private static String ratio(Group group, Group baseline, ToDoubleFunction<ExperimentRow> bits) {
    return baseline == null ? "" : number(group.mean(bits) / baseline.mean(bits));
  }

  /**
   * Writes the table to a file: between the lines {@code <!-- experiment: TITLE -->} and {@code <!-- end -->} of an earlier call, otherwise
   * at the end. The rest of the file stays.
   */
  public static void write(Path file, ExperimentSpec spec, List<ExperimentRow> rows) throws IOException {
    String begin = "<!-- experiment: " + spec.title() + " -->\n";
    String end = "<!-- end -->\n";
    String before = Files.exists(file) ? Files.readString(file) : "";
    String section = begin + markdown(spec, rows) + end;
    int from = before.indexOf(begin);
    int to = from < 0 ? -1 : before.indexOf(end, from);
    AtomicFile.write(file, to < 0 ? before + (before.isEmpty() ? "" : "\n") + section
        : before.substring(0, from) + section + before.substring(to + end.length()));
  }

  private static String withError(double bits, Double error) {
    return String.format(Locale.ROOT, "%.4f", bits) + (error == null ? "" : String.format(Locale.ROOT, " ± %.4f", error));
  }

  private static String number(double ratio) {
    return String.format(Locale.ROOT, "%.3f", ratio);
  }
}
