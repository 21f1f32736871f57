package org.tarflowlm.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import org.tarflowlm.command.Table;
import org.tarflowlm.json.ConfigException;
import org.tarflowlm.json.RecordJson;

/**
 * The measurements of the whole suite, which one JSON file holds.
 *
 * @param kind {@value #KIND}, which identifies such a file
 * @param version {@value #VERSION}
 * @param complete false if a topic failed, or the user interrupted the program
 */
record Suite(@JsonProperty(required = true) String kind, @JsonProperty(required = true) int version,
    @JsonProperty(required = true) boolean complete, @JsonProperty(required = true) Circumstances circumstances,
    @JsonProperty(required = true) List<Figure> figures) {
  static final String KIND = "tarflowlm bench all";
  static final int VERSION = 1;

  /** What a figure measures. */
  enum Topic { STEP, GENERATE, SCORE, START, MEMORY, KERNELS, COUPLINGS }

  /**
   * One figure.
   *
   * @param name what was measured; the same in every run of the suite
   * @param unit unit of the values. A unit that ends in "/s" is a rate, and a higher rate is better; otherwise lower is better
   * @param median median of the turns
   * @param least least value of the turns
   * @param most greatest value of the turns
   * @param turns number of turns
   */
  record Figure(@JsonProperty(required = true) Topic topic, @JsonProperty(required = true) String name,
      @JsonProperty(required = true) String unit, @JsonProperty(required = true) double median,
      @JsonProperty(required = true) double least, @JsonProperty(required = true) double most, @JsonProperty(required = true) int turns) {
    static Figure of(Topic topic, String name, String unit, List<Double> turns) {
      Spread spread = Spread.of(turns);
      return new Figure(topic, name, unit, spread.median(), spread.least(), spread.most(), turns.size());
    }

    Spread spread() {
      return new Spread(median, least, most);
    }
  }

  Suite {
    ConfigException.require(version == VERSION, "version", "is " + version + "; expected " + VERSION);
    figures = List.copyOf(figures);
  }

  Suite(boolean complete, Circumstances circumstances, List<Figure> figures) {
    this(KIND, VERSION, complete, circumstances, figures);
  }

  /** @throws ConfigException with a message of one line, if {@code bench all} did not write the file */
  static Suite read(Path file) {
    try {
      JsonNode tree = RecordJson.parse(RecordJson.readText(file));
      String found = !tree.isObject() ? RecordJson.describe(tree)
          : tree.has("kind") ? "an object of the kind " + RecordJson.describe(tree.get("kind")) : "an object without the key kind";
      if (!tree.path("kind").asText().equals(KIND)) {
        throw new ConfigException("is " + found + "; expected the figures that ./tarflowlm bench all --json FILE writes, of the kind \""
            + KIND + "\"");
      }
    } catch (ConfigException e) {
      throw new ConfigException(file + ": " + e.getMessage(), e);
    }
    return RecordJson.read(file, Suite.class);
  }

  String json() {
    return RecordJson.write(this);
  }

  /** The circumstances and a Markdown table of the figures. */
  String markdown() {
    Table table = new Table(List.of("topic", "figure", "median (least to most)", "unit"));
    figures.forEach(each -> table.row(List.of(each.topic().name().toLowerCase(), each.name(), each.spread().toString(), each.unit())));
    return circumstances + "\n\n" + table + (complete ? "" : "\nIncomplete: some figures are missing.\n");
  }
}
