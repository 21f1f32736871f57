package org.tarflowlm.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.tarflowlm.bench.Suite.Figure;
import org.tarflowlm.command.Table;

/**
 * Compares two runs of the suite, figure by figure.
 *
 * @param circumstances circumstances that affect the figures and differ, for instance "java: 17.0.1, then 21.0.2"
 * @param lines figures in both runs
 * @param onlyOld names of figures missing from the new run
 * @param onlyNew names of figures missing from the old run
 */
record Comparison(List<String> circumstances, List<Line> lines, List<String> onlyOld, List<String> onlyNew) {
  /**
   * One figure of both runs.
   *
   * @param ratio new median divided by old median
   * @param beyondTheSpread "better" or "worse" if every new turn is better or worse than every old one; otherwise empty
   */
  record Line(Suite.Topic topic, String name, String unit, Spread before, Spread after, double ratio, String beyondTheSpread) {
    static Line of(Figure before, Figure after) {
      boolean more = after.least() > before.most();
      boolean less = after.most() < before.least();
      boolean rate = after.unit().endsWith("/s");
      String verdict = !more && !less ? "" : more == rate ? "better" : "worse";
      return new Line(after.topic(), after.name(), after.unit(), before.spread(), after.spread(), after.median() / before.median(),
          verdict);
    }
  }

  /** @throws IllegalArgumentException if the two runs have no figure in common */
  static Comparison of(Suite before, Suite after) {
    Map<String, Figure> old = byName(before);
    Map<String, Figure> now = byName(after);
    List<Line> lines = now.keySet().stream().filter(old::containsKey).map(name -> Line.of(old.get(name), now.get(name))).toList();
    if (lines.isEmpty()) {
      throw new IllegalArgumentException("the two files have no figure in common: " + summary(old) + "; " + summary(now));
    }
    return new Comparison(differences(before.circumstances(), after.circumstances()), lines,
        old.keySet().stream().filter(name -> !now.containsKey(name)).toList(),
        now.keySet().stream().filter(name -> !old.containsKey(name)).toList());
  }

  private static Map<String, Figure> byName(Suite suite) {
    Map<String, Figure> figures = new LinkedHashMap<>();
    suite.figures().forEach(each -> figures.put(each.topic().name().toLowerCase() + ": " + each.name() + ", " + each.unit(), each));
    return figures;
  }

  private static String summary(Map<String, Figure> figures) {
    return figures.size() + " figures of " + figures.values().stream().map(each -> each.topic().name()).distinct().toList();
  }

  private static List<String> differences(Circumstances before, Circumstances after) {
    Map<String, Function<Circumstances, Object>> all = new LinkedHashMap<>();
    all.put("processor", Circumstances::processor);
    all.put("cores", Circumstances::cores);
    all.put("threads", Circumstances::threads);
    all.put("java", Circumstances::java);
    all.put("library", Circumstances::library);
    all.put("core type", Circumstances::coreType);
    List<String> differences = new ArrayList<>();
    all.forEach((name, value) -> {
      if (!value.apply(before).equals(value.apply(after))) {
        differences.add(name + ": " + value.apply(before) + ", then " + value.apply(after));
      }
    });
    return differences;
  }

  /** What differs, and a Markdown table. */
  String markdown() {
    Table table = new Table(List.of("topic", "figure", "unit", "old", "new", "new / old", "beyond the spread"));
    lines.forEach(each -> table.row(List.of(each.topic().name().toLowerCase(), each.name(), each.unit(), each.before().toString(),
        each.after().toString(), String.format("%.3f", each.ratio()), each.beyondTheSpread())));
    StringBuilder text = new StringBuilder();
    circumstances.forEach(each -> text.append("Not the same ").append(each).append('\n'));
    text.append(circumstances.isEmpty() ? "" : "\n").append(table);
    onlyOld.forEach(each -> text.append("Only old: ").append(each).append('\n'));
    onlyNew.forEach(each -> text.append("Only new: ").append(each).append('\n'));
    return text.toString();
  }
}
