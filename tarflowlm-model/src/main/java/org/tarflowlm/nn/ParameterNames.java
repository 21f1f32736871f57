package org.tarflowlm.nn;

import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.tarflowlm.json.RecordJson;

/**
 * Parameters by the names of parts: {@code codebook}, {@code flow0}, {@code flow0.block1} or a parameter's own name such as
 * {@code flow0.head.weight}. A part's name ends where a point stands, so that {@code flow1} does not mean {@code flow10}.
 */
final class ParameterNames {
  private ParameterNames() {}

  /** Whether a parameter is the named one or belongs to the named part; a point at the end of the name may be left out. */
  static boolean covers(String name, String parameter) {
    String part = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
    return parameter.startsWith(part) && (parameter.length() == part.length() || parameter.charAt(part.length()) == '.');
  }

  /**
   * Names to parameters.
   *
   * @param all names of all parameters
   * @throws IllegalArgumentException if a name covers none of them; a misspelt part would otherwise train on in silence
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

  /** First parts of the names: the codebook and the flows. */
  static Set<String> parts(Collection<String> all) {
    return all.stream().map(each -> each.substring(0, each.indexOf('.'))).collect(Collectors.toCollection(LinkedHashSet::new));
  }
}
