package org.tarflowlm.nn;

import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.tarflowlm.json.RecordJson;

/**
 * Finds parameters by the names of parts, such as {@code codebook}, {@code flow0} or {@code flow0.block1}, or by their own names, such as
 * {@code flow0.head.weight}. A part's name ends at a dot, so that {@code flow1} does not cover {@code flow10}.
 */
final class ParameterNames {
  private ParameterNames() {}

  /** Whether a parameter has this name or belongs to the part of this name; a dot at the end of the name is optional. */
  static boolean covers(String name, String parameter) {
    String part = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
    return parameter.startsWith(part) && (parameter.length() == part.length() || parameter.charAt(part.length()) == '.');
  }

  /**
   * The parameters that names cover.
   *
   * @param all names of all parameters
   * @throws IllegalArgumentException if a name covers none of them, since a misspelt part would otherwise silently keep training
   */
  static Set<String> select(Collection<String> all, Collection<String> names) {
    Set<String> selected = new LinkedHashSet<>();
    for (String name : names) {
      if (all.stream().filter(each -> covers(name, each)).map(selected::add).toList().isEmpty()) {
        throw new IllegalArgumentException("'" + name + "' is not a part of the model" + RecordJson.didYouMean(name, parts(all))
            + "; expected one of " + String.join(", ", parts(all)) + ", or a parameter's name");
      }
    }
    return selected;
  }

  /** The factor of the longest of the names that cover a parameter; 1 if none does. */
  static double factor(Map<String, Double> byName, String parameter) {
    return byName.entrySet().stream()
        .filter(each -> covers(each.getKey(), parameter))
        .max(Comparator.comparingInt(each -> each.getKey().length()))
        .map(Map.Entry::getValue)
        .orElse(1.0);
  }

  /** The parts' names, up to the first dot: the codebook and the flows. */
  static Set<String> parts(Collection<String> all) {
    return all.stream().map(each -> each.substring(0, each.indexOf('.'))).collect(Collectors.toCollection(LinkedHashSet::new));
  }
}
