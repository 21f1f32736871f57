package org.tarflowlm.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.tarflowlm.data.file.AtomicFile;

/** An experiment's figures as a table in Markdown, ours beside the paper's. */
public final class ExperimentReport {
  private ExperimentReport() {}

  /** The table; rows in the given order, ratios to the baseline where it is finished. */
  public static String markdown(ExperimentSpec spec, List<ExperimentRow> rows) {
    ExperimentRow baseline = rows.stream().filter(row -> row.name().equals(spec.baseline())).findFirst().orElse(null);
    StringBuilder text = new StringBuilder("## ").append(spec.title()).append("\n\n");
    text.append("| model | parameters | tokens | bits (ELBO; exact for AR) | importance-weighted (K) | ratio to baseline |"
        + " ratio, weighted | s/step | paper, text8 (other data, other size) | paper's ratio |\n"
        + "|---|---|---|---|---|---|---|---|---|---|\n");
    for (ExperimentRow row : rows) {
      text.append(String.format(Locale.ROOT, "| %s | %,d | %,d | %s | %s | %s | %s | %.3f | %s | %s |%n", row.label(),
          row.parameters(), row.tokens(), withError(row.bits(), row.error()),
          row.samples() == 1 ? "" : withError(row.weightedBits(), row.weightedError()) + " (" + row.samples() + ")",
          baseline == null ? "" : number(row.bits() / baseline.bits()),
          baseline == null || row.samples() == 1 ? "" : number(row.weightedBits() / baseline.weightedBits()),
          row.secondsPerStep(), row.published() == null ? "" : String.format(Locale.ROOT, "%.2f", row.published()),
          row.published() == null || baseline == null || baseline.published() == null ? ""
              : number(row.published() / baseline.published())));
    }
    return text.toString().replace("\r\n", "\n");
  }

  /**
   * Puts the table into a file: between the lines {@code <!-- experiment: TITLE -->} and {@code <!-- end -->} that an earlier call
   * left there, else at the end. The rest of the file stays.
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
