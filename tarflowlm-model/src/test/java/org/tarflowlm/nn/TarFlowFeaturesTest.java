package org.tarflowlm.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;
import org.tarflowlm.TestModels;
import org.tarflowlm.config.TarFlowConfig;

/** A classifier uses a trained model as a frozen layer. */
class TarFlowFeaturesTest {
  private static ComputationGraph model(TarFlowConfig config) {
    return TarFlowNetwork.create(config, OptimizerSpec.defaults(), 10, 3);
  }

  private static ComputationGraph classifier(TarFlowFeatures features) {
    ComputationGraph network = new ComputationGraph(new NeuralNetConfiguration.Builder().seed(1).updater(new Adam(0.05)).l2(1e-3)
        .gradientNormalization(GradientNormalization.RenormalizeL2PerLayer).graphBuilder().addInputs("ids")
        .addLayer("features", features, "ids")
        .addLayer("pooled", new GlobalPoolingLayer(PoolingType.AVG), "features")
        .addLayer("class", new OutputLayer.Builder().nIn(features.getWidth()).nOut(2).activation(Activation.SOFTMAX).build(), "pooled")
        .setOutputs("class").build());
    network.init();
    return network;
  }

  /** Texts of tokens 0 to 2 and of tokens 2 to 4, with the label of each. */
  private static DataSet twoKinds(int batch) {
    INDArray ids = TestModels.ids(4, batch, TestModels.TOKENS);
    INDArray labels = Nd4j.zeros(DataType.FLOAT, batch, 2);
    for (int b = 0; b < batch; b++) {
      for (int t = 0; t < TestModels.TOKENS; t++) {
        ids.putScalar(b, t, ids.getInt(b, t) % 3 + 2 * (b % 2));
      }
      labels.putScalar(b, b % 2, 1);
    }
    return new DataSet(ids, labels);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void givesTheVariablesOfTheModelsOwnGraph(int patch) {
    for (TarFlowConfig config : new TarFlowConfig[] {TestModels.everyCoupling(patch), TestModels.trunk(patch)}) {
      ComputationGraph model = model(config);
      INDArray ids = TestModels.ids(5, 3, TestModels.TOKENS);
      Map<String, INDArray> inputs = Map.of("ids", ids, "noise", Nd4j.zeros(DataType.FLOAT, 3, TestModels.TOKENS, config.latentDim()));
      for (int flow = 0; flow < config.flows().size(); flow++) {
        TarFlowFeatures features = TarFlowFeatures.of(model, flow);
        for (TarFlowFeatures layer : new TarFlowFeatures[] {features, TarFlowFeatures.latents(model, flow)}) {
          INDArray expected = TarFlowNetwork.sameDiff(model).output(inputs, layer.getOutput()).get(layer.getOutput());
          INDArray found = classifier(layer).feedForward(ids, false).get("features");
          assertArrayEquals(new long[] {3, layer.getWidth(), TestModels.TOKENS / patch}, found.shape());
          assertEquals(expected, found.permute(0, 2, 1).dup('c'), layer.getOutput());
        }
      }
    }
  }

  /** Flow 0 reads from left to right: up to position 3 it has not read token 3. Flow 1 reads from the end. */
  @Test
  void featuresAreInTheOrderOfTheText() {
    ComputationGraph model = model(TestModels.everyCoupling(1));
    INDArray ids = TestModels.ids(5, 1, TestModels.TOKENS);
    INDArray changed = ids.dup();
    changed.putScalar(0, 3, (ids.getInt(0, 3) + 1) % TestModels.VOCAB);
    for (int flow = 0; flow < 2; flow++) {
      ComputationGraph network = classifier(TarFlowFeatures.of(model, flow));
      INDArray moved = network.feedForward(ids, false).get("features").sub(network.feedForward(changed, false).get("features"))
          .norm2(0, 1);
      for (int t = 0; t < TestModels.TOKENS; t++) {
        boolean unread = flow == 0 ? t <= 3 : t == TestModels.TOKENS - 1;
        assertEquals(unread, moved.getDouble(t) == 0, "flow " + flow + ", position " + t + ": " + moved);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void paddingChangesNothing(int patch) {
    ComputationGraph model = model(TestModels.everyCoupling(patch));
    INDArray ids = TestModels.ids(6, 2, TestModels.TOKENS);
    INDArray mask = Nd4j.ones(DataType.FLOAT, 2, TestModels.TOKENS);
    mask.get(NDArrayIndex.point(1), NDArrayIndex.interval(4, TestModels.TOKENS)).assign(0);
    INDArray alone = ids.get(NDArrayIndex.interval(1, 2), NDArrayIndex.interval(0, 4)).dup();
    for (int flow = 0; flow < 2; flow++) {
      ComputationGraph network = classifier(TarFlowFeatures.of(model, flow));
      INDArray both = network.output(false, new INDArray[] {ids}, new INDArray[] {mask})[0];
      INDArray one = network.outputSingle(alone);
      assertTrue(one.equalsWithEps(both.getRow(1, true), 1e-5), one + " and " + both.getRow(1));
    }
  }

  @Test
  void aClassifierTrainsOnFrozenFeaturesAndComesBackFromItsFile(@TempDir Path folder) throws IOException {
    ComputationGraph network = classifier(TarFlowFeatures.of(model(TestModels.everyCoupling(1)), 0));
    INDArray frozen = network.getLayer("features").params().dup();
    INDArray head = network.getLayer("class").params().dup();
    DataSet data = twoKinds(32);
    double before = network.score(data);
    for (int i = 0; i < 60; i++) {
      network.fit(data);
    }
    assertEquals(frozen, network.getLayer("features").params());
    assertTrue(head.distance2(network.getLayer("class").params()) > 0);
    assertTrue(network.score(data) < 0.7 * before, before + " to " + network.score(data));
    ModelSerializer.writeModel(network, folder.resolve("classifier.zip").toFile(), true);
    ComputationGraph restored = ModelSerializer.restoreComputationGraph(folder.resolve("classifier.zip").toFile());
    assertEquals(network.outputSingle(data.getFeatures()), restored.outputSingle(data.getFeatures()));
    assertEquals(network.outputSingle(data.getFeatures()),
        network.outputSingle(data.getFeatures().castTo(DataType.FLOAT).reshape(32, 1, TestModels.TOKENS)));
  }

  @Test
  void badInputIsNamed() {
    ComputationGraph model = model(TestModels.everyCoupling(1));
    refused("flow 5; expected 0 to 4", () -> TarFlowFeatures.of(model, 5));
    refused("flow -1; expected 0 to 4", () -> TarFlowFeatures.latents(model, -1));
    ComputationGraph twin = model(TestModels.everyCoupling(1).autoregressiveTwin());
    refused("the model is AUTOREGRESSIVE; expected TARFLOW", () -> TarFlowFeatures.of(twin, 0));
    ComputationGraph network = classifier(TarFlowFeatures.of(model, 0));
    refused("id 9 at position 1 of text 0; expected 0 to 4", () -> network.output(Nd4j.createFromArray(new int[][] {{1, 9}})));
    refused("ids have shape [1, 2, 2]; expected [batch, time], or [batch, 1, time]", () -> network.output(Nd4j.zeros(1, 2, 2)));
    ComputationGraphConfiguration read = ComputationGraphConfiguration.fromJson(network.getConfiguration().toJson());
    assertEquals("a TarFlowFeatures layer from JSON has no weights; expected a network that ModelSerializer restores, or"
        + " TarFlowFeatures.of(network, flow)", assertThrows(IllegalStateException.class, () -> new ComputationGraph(read).init())
        .getMessage());
  }

  private static void refused(String message, org.junit.jupiter.api.function.Executable call) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
  }
}
