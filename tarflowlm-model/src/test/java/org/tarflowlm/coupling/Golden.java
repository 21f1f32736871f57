package org.tarflowlm.coupling;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/** Reads the golden vectors under src/test/resources/golden, whose README gives formats and tolerances. */
public final class Golden {
  private Golden() {}

  /** The whole file, e.g. {@code read("misc")}. */
  public static JsonNode read(String file) {
    try (InputStream in = Golden.class.getResourceAsStream("/golden/" + file + ".json")) {
      return new ObjectMapper().readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static List<Case> cases(String file) {
    List<Case> result = new ArrayList<>();
    read(file).get("cases").forEach(node -> result.add(new Case(node)));
    return result;
  }

  /** All numbers of a nested list, in C order. */
  public static double[] numbers(JsonNode node) {
    List<Double> result = new ArrayList<>();
    collect(node, result);
    return result.stream().mapToDouble(Double::doubleValue).toArray();
  }

  private static void collect(JsonNode node, List<Double> target) {
    if (node.isArray()) {
      node.forEach(child -> collect(child, target));
    } else {
      target.add(node.asDouble());
    }
  }

  /** One case of a file of couplings. */
  public record Case(JsonNode node) {
    public String name() {
      return node.get("name").asText();
    }

    public int size(String field) {
      return node.get(field).asInt();
    }

    /** E.g. {@code numbers("inputs", "z")}. */
    public double[] numbers(String group, String field) {
      return Golden.numbers(node.get(group).get(field));
    }

    public double[] input(String field) {
      return numbers("inputs", field);
    }

    public double[] output(String field) {
      return numbers("outputs", field);
    }

    /** [N, 3K] from logits, means and log-scales [N, K] each: the packed parameters of {@link MixtureCdf}. */
    public double[] packed(String group) {
      int n = size("N");
      int k = size("K");
      double[] theta = new double[n * 3 * k];
      String[] fields = {"logits", "mean", "log_scale"};
      for (int part = 0; part < 3; part++) {
        double[] values = numbers(group, fields[part]);
        for (int i = 0; i < n; i++) {
          System.arraycopy(values, i * k, theta, (3 * i + part) * k, k);
        }
      }
      return theta;
    }

    @Override
    public String toString() {
      return name();
    }
  }
}
