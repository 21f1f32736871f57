package org.tarflowlm.train;

import java.util.List;
import org.tarflowlm.json.ConfigException;

/**
 * Layer-wise training (paper section 3.3): how long each stage lasts.
 *
 * @param steps optimiser updates of each stage, one number per flow; default: {@code training.steps} for every stage
 * @param patience ends a stage early after this many validations without a new best; default 0: never
 */
public record ProgressiveSpec(List<Integer> steps, Integer patience) {
  public ProgressiveSpec {
    steps = steps == null ? null : List.copyOf(steps);
    patience = patience == null ? 0 : patience;
    ConfigException.requireAtLeast("patience", patience, 0);
    for (int i = 0; steps != null && i < steps.size(); i++) {
      ConfigException.requireAtLeast("steps[" + i + "]", steps.get(i), 1);
    }
  }

  public static ProgressiveSpec defaults() {
    return new ProgressiveSpec(null, null);
  }
}
