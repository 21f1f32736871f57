package org.tarflowlm.train;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.tarflowlm.config.ConfigException;

/**
 * A comparison of models: what {@code tarflowlm experiment --spec} reads.
 *
 * @param title heading of the report
 * @param rows in the order of the report
 * @param baseline name of the row that the others are divided by; default: none
 */
public record ExperimentSpec(
    @JsonProperty(required = true) String title, @JsonProperty(required = true) List<Row> rows, String baseline) {

  /**
   * One model.
   *
   * @param name also the name of the run's folder
   * @param label what the report calls it
   * @param config file of the run's {@link RunConfig}, relative to the experiment's own file
   * @param progressive whether it is trained flow by flow
   * @param published the paper's figure for its counterpart, in bits per character of text8; left out if there is none
   */
  public record Row(@JsonProperty(required = true) String name, @JsonProperty(required = true) String label,
      @JsonProperty(required = true) String config, Boolean progressive, Double published) {
    public Row {
      if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]*")) {
        throw new ConfigException("name", "is \"" + name + "\"; expected letters, digits, points, underscores and hyphens");
      }
      progressive = progressive != null && progressive;
    }
  }

  public ExperimentSpec {
    rows = List.copyOf(rows);
    if (rows.isEmpty()) {
      throw new ConfigException("rows", "is empty; expected at least one model");
    }
    Set<String> names = new HashSet<>();
    for (Row row : rows) {
      if (!names.add(row.name())) {
        throw new ConfigException("rows", "has " + row.name() + " twice; expected different names");
      }
    }
    if (baseline != null && !names.contains(baseline)) {
      throw new ConfigException("baseline", "is " + baseline + "; expected one of " + String.join(", ", names));
    }
  }
}
