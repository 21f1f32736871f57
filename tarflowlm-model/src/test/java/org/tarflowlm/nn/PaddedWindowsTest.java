package org.tarflowlm.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.tarflowlm.TestModels;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.graph.WindowGraph;

class PaddedWindowsTest {
  private static TarFlowConfig withContext(TarFlowConfig config, int tokens) {
    return TarFlowConfig.fromJson(config.toJson().replaceAll("\"contextLength\" : \\d+", "\"contextLength\" : " + tokens));
  }

  @ParameterizedTest
  @ValueSource(ints = {8, 64, 100, 128, 256, 1024})
  void thereAreFewLengthsAndLittlePadding(int context) {
    for (int patch : new int[] {1, 2, 4}) {
      TarFlowConfig config = withContext(TestModels.everyCoupling(patch), context);
      List<Integer> texts = IntStream.rangeClosed(1, context / patch).map(i -> i * patch).boxed().toList();
      List<Integer> windows = texts.stream().map(text -> PaddedWindows.tokens(config, text)).toList();
      for (int i = 0; i < texts.size(); i++) {
        assertTrue(windows.get(i) >= texts.get(i) && windows.get(i) <= context && windows.get(i) % patch == 0, windows.toString());
        assertTrue(windows.get(i) - texts.get(i) < 12 * patch + context / 12.0, windows.toString());
      }
      assertTrue(windows.stream().collect(Collectors.toSet()).size() <= 13, windows.toString());
    }
  }

  @Test
  void whatIsPaddedReadsAsByItself() {
    for (TarFlowConfig config : List.of(withContext(TestModels.everyCoupling(2), 64),
        withContext(TestModels.everyCoupling(1).autoregressiveTwin(), 64))) {
      TarFlowLayer layer = TarFlowNetwork.layer(TarFlowNetwork.create(config, OptimizerSpec.defaults(), 10, 3));
      boolean flows = config.model() == ModelType.TARFLOW;
      String name = flows ? WindowGraph.features(1) : WindowGraph.FEATURES;
      INDArray ids = TestModels.ids(5, 3, 14);
      INDArray noise = flows ? EncoderNoise.draw(1, 0, DataType.FLOAT, 3, 14, config.latentDim()) : null;
      INDArray expected = layer.evaluate(List.of(name), ids, noise, null).get(name);
      INDArray found = PaddedWindows.output(layer, name, ids, noise);
      assertEquals(List.of(expected.size(0), expected.size(1), expected.size(2)), List.of(found.size(0), found.size(1), found.size(2)));
      assertTrue(expected.equalsWithEps(found, 1e-5), config.toString());
    }
  }

  /** Texts of several lengths share one window; each has the sums and terms that it has alone, whatever follows it. */
  @Test
  void termsAreOfTheTextAlone() {
    for (TarFlowConfig config : List.of(TestModels.everyCoupling(1), TestModels.everyCoupling(2), TestModels.trunk(2),
        TestModels.coarseToFine(), TestModels.everyCoupling(1).autoregressiveTwin())) {
      TarFlowLayer layer = TarFlowNetwork.layer(TarFlowNetwork.create(config, OptimizerSpec.defaults(), 10, 3));
      int[] lengths = {2, 6, 8, 4};
      INDArray ids = TestModels.ids(5, lengths.length, TestModels.TOKENS);
      INDArray noise = EncoderNoise.draw(1, 0, DataType.FLOAT, lengths.length, TestModels.TOKENS, config.latentDim());
      for (int b = 0; b < lengths.length; b++) {
        for (int t = lengths[b]; t < TestModels.TOKENS; t++) {
          ids.putScalar(b, t, 0);
          noise.get(NDArrayIndex.point(b), NDArrayIndex.point(t), NDArrayIndex.all()).assign(0);
        }
      }
      TokenTerms.Terms found = TokenTerms.of(layer, ids, noise, lengths);
      for (int b = 0; b < lengths.length; b++) {
        INDArray text = ids.get(NDArrayIndex.interval(b, b + 1), NDArrayIndex.interval(0, lengths[b])).dup();
        INDArray own = noise.get(NDArrayIndex.interval(b, b + 1), NDArrayIndex.interval(0, lengths[b]), NDArrayIndex.all()).dup();
        TokenTerms.Terms expected = TokenTerms.of(layer, text, own, null);
        assertEquals(expected.sums()[0], found.sums()[b], 1e-5 * Math.abs(expected.sums()[0]), config.toString());
        for (int t = 0; t < lengths[b]; t++) {
          assertEquals(expected.terms()[0][t], found.terms()[b][t], 1e-4, config + ", text " + b + ", token " + t);
        }
      }
    }
  }

  @Test
  void noiseOfPartsIsThatOfTheirPlaces() {
    int d = 3;
    try (INDArray parts = EncoderNoise.parts(List.of(new EncoderNoise.Part(5, 0, 0, 4), new EncoderNoise.Part(6, 2, 7, 2)), 6, d);
        INDArray first = EncoderNoise.part(5, 0, 0, DataType.FLOAT, 4, d);
        INDArray second = EncoderNoise.part(6, 2, 21, DataType.FLOAT, 2, d)) {
      assertEquals(first, parts.get(NDArrayIndex.point(0), NDArrayIndex.interval(0, 4), NDArrayIndex.all()).dup());
      assertEquals(second, parts.get(NDArrayIndex.point(1), NDArrayIndex.interval(0, 2), NDArrayIndex.all()).dup());
      assertEquals(Nd4j.zeros(DataType.FLOAT, 4, d),
          parts.get(NDArrayIndex.point(1), NDArrayIndex.interval(2, 6), NDArrayIndex.all()).dup());
    }
  }
}
