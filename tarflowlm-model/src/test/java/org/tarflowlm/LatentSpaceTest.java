package org.tarflowlm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.checkpoint.CheckpointInfo;
import org.tarflowlm.checkpoint.CheckpointNetworks;
import org.tarflowlm.checkpoint.Fixtures;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.documents.Excerpt;
import org.tarflowlm.nn.TarFlowFeatures;

/** The facade turns text to noise and back, interpolates between texts, and gives hidden states. */
class LatentSpaceTest {
  /** With AVX2, products round a row of so few by its place in the batch; the states then differ by up to 2e-6. */
  private static final double ROUNDING = 5e-6;
  private static final String TEXT = "call me ishmael some years ago never mind how long precisely";

  private static TarFlowLM model(int patch, FlowSpec... flows) {
    TarFlowConfig config = new TarFlowConfig(ModelType.TARFLOW, 27, 8, 4, 8, 2, patch, null, List.of(flows), null, null, 8, null);
    return TarFlowLM.of(new Checkpoint(config, CheckpointInfo.of("text8"), Fixtures.randomWeights(config, 4), null));
  }

  private static TarFlowLM twoDirections(int patch) {
    return model(patch, FlowSpec.mix1(1, 2, Direction.LEFT_TO_RIGHT), FlowSpec.mix1(1, 2, Direction.RIGHT_TO_LEFT));
  }

  private static double[] flat(double[][] rows) {
    return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
  }

  private static void assertFails(Class<? extends Exception> type, String expected, Executable action) {
    Exception e = assertThrows(type, action);
    assertTrue(e.getMessage().contains(expected), e::getMessage);
  }

  @ParameterizedTest
  @ValueSource(strings = {"text8-mixd", "text8-mix1", "text8-patch2"})
  void noiseLeadsBackToTheText(String id) {
    try (TarFlowLM model = TarFlowLM.pretrained(id)) {
      int window = model.config().contextLength();
      String text = Excerpt.text().substring(0, 2 * window + 30);
      double[][] u = model.toNoise(text, 3);
      assertEquals(text.length(), u.length);
      assertEquals(model.decode(model.encode(text, 3)), model.fromNoise(u));
      // windows do not see each other, and each token has the noise of its place in the text
      assertArrayEquals(flat(model.toNoise(text.substring(0, window), 3)), flat(Arrays.copyOf(u, window)));
    }
  }

  @Test
  void levelsAreThoseThatReadShows() {
    try (TarFlowLM model = twoDirections(2)) {
      String text = TEXT.substring(0, 8);
      double[][][] levels = model.levels(text, 5);
      double[][] read = model.read(text, 5).latents();
      assertEquals(3, levels.length);
      for (int l = 0; l < levels.length; l++) {
        assertArrayEquals(read[l], flat(levels[l]));
      }
      assertArrayEquals(flat(levels[0]), flat(model.encode(text, 5)));
      assertArrayEquals(flat(levels[2]), flat(model.toNoise(text, 5)));
      assertArrayEquals(flat(model.toNoise(text)), flat(model.toNoise(text, 1)));
      assertNotEquals(levels[2][0][0], model.toNoise(text, 6)[0][0]);
    }
  }

  @Test
  void noiseOfLeftToRightFlowsDependsOnTheTextBefore() {
    try (TarFlowLM model = model(1, FlowSpec.tiedMixD(1, 27, Direction.LEFT_TO_RIGHT), FlowSpec.mix1(1, 2, Direction.LEFT_TO_RIGHT))) {
      double[][] u = model.toNoise("call me ");
      double[][] other = model.toNoise("call us ");
      assertArrayEquals(flat(Arrays.copyOf(u, 5)), flat(Arrays.copyOf(other, 5)), 1e-12);
      assertNotEquals(u[5][0], other[5][0]);
      assertNotEquals(u[7][0], other[7][0], "a later token of the same text has other noise");
    }
  }

  @Test
  void aWalkLeadsFromTheOneTextToTheOther() {
    String a = Excerpt.text().substring(100, 160);
    String b = Excerpt.text().substring(1000, 1060);
    try (TarFlowLM model = TarFlowLM.pretrained()) {
      List<String> walk = model.interpolate(a, b, 5, 2);
      assertEquals(5, walk.size());
      assertEquals(a, walk.get(0));
      assertEquals(b, walk.get(4));
      walk.forEach(each -> assertEquals(60, each.length()));
      assertEquals(5, walk.stream().distinct().count(), walk::toString);
      assertEquals(walk, model.interpolate(a, b, 5, 2));
      assertEquals(List.of(a, a, a), model.interpolate(a, a, 3, 2));
      // the middle of the arc is as far from the origin as the ends, unlike that of the chord
      double[] ua = flat(model.toNoise(a, 2));
      double[] ub = flat(model.toNoise(b, 2));
      double cosine = dot(ua, ub) / Math.sqrt(dot(ua, ua) * dot(ub, ub));
      double weight = 1 / (2 * Math.cos(Math.acos(cosine) / 2));
      double[][] middle = model.toNoise(a, 2);
      for (int i = 0; i < ua.length; i++) {
        middle[i / middle[0].length][i % middle[0].length] = weight * (ua[i] + ub[i]);
      }
      assertEquals(walk.get(2), model.fromNoise(middle));
    }
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  @Test
  void walksAcrossWindowsKeepTheirEnds() {
    try (TarFlowLM model = twoDirections(2)) {
      String a = TEXT.substring(0, 20);
      String b = TEXT.substring(20, 40);
      List<String> walk = model.interpolate(a, b, 3, 1);
      assertEquals(model.decode(model.encode(a, 1)), walk.get(0));
      assertEquals(model.decode(model.encode(b, 1)), walk.get(2));
    }
  }

  /** The hidden states equal those of the layer in a DL4J network, also for a text of two windows. */
  @Test
  void featuresAreThoseOfTheFrozenLayer() {
    try (TarFlowLM model = twoDirections(2)) {
      ComputationGraph network = CheckpointNetworks.network(model.checkpoint());
      for (int flow = 0; flow < 2; flow++) {
        TarFlowFeatures layer = TarFlowFeatures.of(network, flow);
        ComputationGraph graph = new ComputationGraph(new NeuralNetConfiguration.Builder().graphBuilder().addInputs("ids")
            .addLayer("features", layer, "ids")
            .addLayer("out", new RnnOutputLayer.Builder().nIn(layer.getWidth()).nOut(2).build(), "features").setOutputs("out").build());
        graph.init();
        String text = TEXT.substring(0, 12);
        double[][] found = model.features(text, flow);
        assertEquals(6, found.length);
        int[] ids = model.tokenizer().encode(text);
        assertArrayEquals(rows(graph, Arrays.copyOf(ids, 8)), flat(Arrays.copyOf(found, 4)), ROUNDING);
        assertArrayEquals(rows(graph, Arrays.copyOfRange(ids, 8, 12)), flat(Arrays.copyOfRange(found, 4, 6)), ROUNDING);
        double[] mean = model.meanFeatures(text, flow);
        assertEquals(8, mean.length);
        assertEquals(Stream.of(found).mapToDouble(row -> row[3]).average().orElseThrow(), mean[3], 1e-9);
      }
    }
  }

  private static double[] rows(ComputationGraph graph, int[] ids) {
    INDArray found = graph.feedForward(new INDArray[] {Nd4j.createFromArray(new int[][] {ids})}, false).get("features");
    return found.permute(0, 2, 1).dup('c').reshape(-1).toDoubleVector();
  }

  @Test
  void hiddenStatesSeeOnlyWhatTheirFlowHasRead() {
    try (TarFlowLM model = twoDirections(1)) {
      double[][] before = model.features("call me ", 0);
      double[][] after = model.features("call ue ", 0);
      assertArrayEquals(flat(Arrays.copyOf(before, 6)), flat(Arrays.copyOf(after, 6)), 1e-6);
      assertNotEquals(before[6][0], after[6][0], 1e-9);
      double[][] backwards = model.features("call me ", 1);
      double[][] changed = model.features("xall me ", 1);
      assertNotEquals(backwards[0][0], changed[0][0], 1e-9, "flow 1 reads what flow 0 makes of the whole text");
    }
  }

  @Test
  void whatCannotBeDoneIsNamed() {
    try (TarFlowLM model = twoDirections(2)) {
      assertFails(DataException.class, "the text is empty; expected at least 1 token, in patches of 2", () -> model.toNoise(""));
      assertFails(DataException.class, "the text has 3 tokens; expected at least 1 token, in patches of 2", () -> model.levels("the", 1));
      assertFails(DataException.class, "the text is empty", () -> model.features("", 0));
      assertFails(DataException.class, "character '!' (U+0021) at offset 2", () -> model.toNoise("no!"));
      assertFails(IllegalArgumentException.class, "flow 2; expected 0 to 1", () -> model.features("call", 2));
      assertFails(IllegalArgumentException.class, "flow -1; expected 0 to 1", () -> model.meanFeatures("call", -1));
      assertFails(IllegalArgumentException.class, "the texts have 4 and 6 tokens; expected equally many",
          () -> model.interpolate("call", "call m", 3, 1));
      assertFails(IllegalArgumentException.class, "steps is 1; expected at least 2", () -> model.interpolate("call", "call", 1, 1));
      assertFails(IllegalArgumentException.class, "u has 3 tokens; expected at least 1, in patches of 2",
          () -> model.fromNoise(new double[3][4]));
      assertFails(IllegalArgumentException.class, "u has 0 tokens", () -> model.fromNoise(new double[0][]));
      assertFails(IllegalArgumentException.class, "u[1] has 3 numbers; expected 4",
          () -> model.fromNoise(new double[][] {{0, 0, 0, 0}, {0, 0, 0}}));
      assertFails(IllegalArgumentException.class, "u[0][1] is NaN; expected a finite number",
          () -> model.fromNoise(new double[][] {{0, Double.NaN, 0, 0}}));
    }
    try (TarFlowLM model = TarFlowLM.pretrained("text8-ar")) {
      assertFails(IllegalStateException.class, "the model text8-ar is AUTOREGRESSIVE, which has no latents", () -> model.toNoise("a"));
      assertFails(IllegalStateException.class, "which has no flows", () -> model.features("a", 0));
    }
  }

  /** A new text begins from noise alone. */
  @Test
  void aDrawOfNoiseIsAText() {
    try (TarFlowLM model = TarFlowLM.pretrained()) {
      Random random = new Random(1);
      double[][] u = new double[40][model.config().latentDim()];
      for (double[] row : u) {
        Arrays.setAll(row, i -> random.nextGaussian());
      }
      String text = model.fromNoise(u);
      assertEquals(40, text.length());
      assertEquals(text, model.fromNoise(model.toNoise(text, 9)));
    }
  }
}
