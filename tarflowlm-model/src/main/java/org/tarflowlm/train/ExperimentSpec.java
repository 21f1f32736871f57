package org.tarflowlm.train;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.tarflowlm.json.ConfigException;

/**
 * A comparison of models, as {@code tarflowlm experiment --spec} reads it. The file may also hold the runs' configurations, in an object
 * {@code runs} ({@link RunConfig#readWithBase}).
 *
 * @param title heading of the report
 * @param rows in the order of the report
 * @param baseline name of the row by which the other rows are divided; default: none
 * @param seeds for rows that list none of their own, one run per seed; default: one run with the configuration's seed
 */
@JsonIgnoreProperties("runs")
public record ExperimentSpec(
    @JsonProperty(required = true) String title, @JsonProperty(required = true) List<Row> rows, String baseline,
    List<Long> seeds) {

  /**
   * One model.
   *
   * @param name also the name of the run's folder, with {@code -seed} and the seed appended if seeds are listed
   * @param label the row's name in the report
   * @param config file of the run's {@link RunConfig}, relative to the experiment's own file, or {@code NAME.json} for one of {@code runs}
   * @param progressive whether to train the model flow by flow
   * @param published the paper's figure for the corresponding model, in bits per character of text8; only for a model of the paper's form
   *     ({@link org.tarflowlm.config.PaperConfigs#hasForm}); optional
   * @param seeds of its runs; default: the experiment's
   */
  public record Row(@JsonProperty(required = true) String name, @JsonProperty(required = true) String label,
      @JsonProperty(required = true) String config, Boolean progressive, Double published, List<Long> seeds) {
    public Row {
      ConfigException.require(name.matches("[A-Za-z0-9][A-Za-z0-9._-]*"), "name", "is \"" + name
          + "\"; expected letters, digits, dots, underscores and hyphens");
      progressive = progressive != null && progressive;
      seeds = distinct(seeds);
    }
  }

  /**
   * One run of a row.
   *
   * @param folder name of its folder in the experiment's output folder
   * @param seed replaces the configuration's seed; null keeps that one
   */
  public record Run(Row row, String folder, Long seed) {}

  public ExperimentSpec {
    seeds = distinct(seeds);
    rows = List.copyOf(rows);
    ConfigException.require(!rows.isEmpty(), "rows", "is empty; expected at least one model");
    Set<String> names = new HashSet<>();
    for (Row row : rows) {
      ConfigException.require(names.add(row.name()), "rows", "has " + row.name() + " twice; expected different names");
    }
    if (baseline != null && !names.contains(baseline)) {
      throw new ConfigException("baseline", "is " + baseline + "; expected one of " + String.join(", ", names));
    }
  }

  private static List<Long> distinct(List<Long> seeds) {
    if (seeds != null && new HashSet<>(seeds).size() != seeds.size()) {
      throw new ConfigException("seeds", "is " + seeds + "; expected different numbers");
    }
    return seeds == null ? List.of() : List.copyOf(seeds);
  }

  /** The runs of a row, one per seed. */
  public List<Run> runs(Row row) {
    List<Long> each = row.seeds().isEmpty() ? seeds : row.seeds();
    return each.isEmpty() ? List.of(new Run(row, row.name(), null))
        : each.stream().map(seed -> new Run(row, row.name() + "-seed" + seed, seed)).toList();
  }

  /** @throws ConfigException if no row has that name */
  public Row row(String name) {
    return rows.stream().filter(each -> each.name().equals(name)).findFirst().orElseThrow(() -> new ConfigException("no row " + name
        + "; expected one of " + String.join(", ", rows.stream().map(Row::name).toList())));
  }
}
