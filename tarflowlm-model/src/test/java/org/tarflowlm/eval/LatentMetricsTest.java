package org.tarflowlm.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.Test;
import org.tarflowlm.coupling.Golden;
import org.tarflowlm.eval.LatentMetrics.Spread;

class LatentMetricsTest {
  private static final double TOLERANCE = 1e-12;

  @Test
  void agreeWithTheGoldenVectors() {
    JsonNode cases = Golden.read("misc").get("metrics");
    assertTrue(cases.size() > 0);
    for (JsonNode each : cases) {
      double[][][] h = latents(each.get("h"));
      assertSpread(each.get("l2_norm"), LatentMetrics.l2Norm(h));
      assertSpread(each.get("cosine"), LatentMetrics.cosine(h));
      assertSpread(each.get("participation_ratio"), LatentMetrics.participationRatio(h));
      assertSpread(each.get("centroid_movement"), LatentMetrics.centroidMovement(latents(each.get("h_prev")), h));
    }
  }

  @Test
  void agreeWithCasesByHand() {
    // a square around the origin, then the same square moved and shrunk to a line
    double[][][] square = {{{3, 4}, {-3, -4}, {4, -3}, {-4, 3}}};
    double[][][] line = {{{6, 8}, {6, 8}, {12, 16}, {12, 16}}};
    assertEquals(new Spread(5, 0), LatentMetrics.l2Norm(square));
    assertEquals(-2.0 / 6, LatentMetrics.cosine(square).mean(), 1e-9); // of six pairs two are opposite, four at right angles
    assertEquals(1, LatentMetrics.cosine(line).mean(), 1e-9);
    assertEquals(2, LatentMetrics.participationRatio(square).mean(), 1e-9);
    assertEquals(1, LatentMetrics.participationRatio(line).mean(), 1e-9);
    assertEquals(new Spread(15, 0), LatentMetrics.centroidMovement(square, line));
  }

  @Test
  void deviationIsThatOverTheSequences() {
    double[][][] h = {{{1, 0}, {3, 0}}, {{0, 4}, {0, 8}}};
    assertEquals(new Spread(4, 2), LatentMetrics.l2Norm(h));
    assertEquals(new Spread(1, 0), LatentMetrics.cosine(new double[][][] {{{2, 1}}}));
  }

  @Test
  void shapesAreChecked() {
    assertThrows(IllegalArgumentException.class, () -> LatentMetrics.l2Norm(new double[0][][]));
    assertThrows(IllegalArgumentException.class, () -> LatentMetrics.participationRatio(new double[][][] {{{1, 2}}}));
    assertThrows(IllegalArgumentException.class, () -> LatentMetrics.cosine(new double[][][] {{{1, 2}, {1}}}));
    assertThrows(IllegalArgumentException.class,
        () -> LatentMetrics.centroidMovement(new double[][][] {{{1, 2}}}, new double[][][] {{{1, 2, 3}}}));
  }

  private static void assertSpread(JsonNode expected, Spread found) {
    assertEquals(expected.get(0).asDouble(), found.mean(), TOLERANCE);
    assertEquals(expected.get(1).asDouble(), found.standardDeviation(), TOLERANCE);
  }

  private static double[][][] latents(JsonNode node) {
    double[][][] result = new double[node.size()][][];
    for (int b = 0; b < result.length; b++) {
      result[b] = new double[node.get(b).size()][];
      for (int t = 0; t < result[b].length; t++) {
        result[b][t] = Golden.numbers(node.get(b).get(t));
      }
    }
    return result;
  }
}
