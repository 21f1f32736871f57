package org.tarflowlm.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.TestModels;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.latent.LatentPreProcessor;

/** A network takes three kinds of features. */
class ModelInputsTest {
  private static final OptimizerSpec OPTIMIZER = OptimizerSpec.constant(1e-2).withWeightDecay(0.01).withClipNorm(1.0);
  private static final int BATCH = 3;
  private static final long NOISE = 7;

  @TempDir private Path folder;

  private static ComputationGraph network(TarFlowConfig config, ModelInputs inputs) {
    return TarFlowNetwork.create(config, OPTIMIZER, 100, 3, inputs);
  }

  private static INDArray ids() {
    return TestModels.ids(5, BATCH, TestModels.TOKENS);
  }

  private static INDArray mask() {
    INDArray mask = Nd4j.ones(DataType.FLOAT, BATCH, TestModels.TOKENS);
    for (int t = 4; t < TestModels.TOKENS; t++) {
      mask.putScalar(1, t, 0f);
    }
    return mask;
  }

  /** The pipeline's batch 0, in the form that a network takes. */
  private static MultiDataSet batch(ComputationGraph network, INDArray ids, INDArray mask) {
    ModelInputs inputs = ((TarFlowOutputLayer) TarFlowNetwork.layer(network).layerConf()).getInputs();
    MultiDataSet batch = new MultiDataSet(new INDArray[] {ids}, new INDArray[] {ids},
        mask == null ? null : new INDArray[] {mask}, mask == null ? null : new INDArray[] {mask});
    int d = TarFlowNetwork.layer(network).model().latentDim();
    if (inputs == ModelInputs.LATENTS) {
      LatentPreProcessor.latents(TarFlowNetwork.codebook(network), NOISE, 0).preProcess(batch);
    } else {
      LatentPreProcessor.noise(d, NOISE, 0).preProcess(batch);
      if (inputs == ModelInputs.IDS) {
        batch = new MultiDataSet(new INDArray[] {ids}, new INDArray[] {batch.getFeatures(1)}, mask == null ? null : new INDArray[] {mask},
            null);
      }
    }
    return batch;
  }

  /** The same noise gives the same loss, and the same step of everything that trains in all three: all but the codebook. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void allFormsTrainAlike(int patch) {
    TarFlowConfig config = TestModels.everyCoupling(patch);
    for (INDArray mask : new INDArray[] {null, mask()}) {
      Map<ModelInputs, ComputationGraph> networks = new LinkedHashMap<>();
      for (ModelInputs inputs : ModelInputs.values()) {
        ComputationGraph network = network(config, inputs);
        networks.put(inputs, inputs == ModelInputs.LATENTS ? network : FineTuning.of(network).freeze("codebook").build());
      }
      double expected = networks.get(ModelInputs.IDS).score(batch(networks.get(ModelInputs.IDS), ids(), mask), false);
      networks.forEach((inputs, network) -> {
        MultiDataSet batch = batch(network, ids(), mask);
        assertEquals(expected, network.score(batch, false), 1e-6 * (1 + Math.abs(expected)), inputs + " before");
        network.fit(batch);
        assertEquals(expected, network.score(), 1e-6 * (1 + Math.abs(expected)), inputs + " at the step");
      });
      INDArray reference = networks.get(ModelInputs.IDS).params();
      assertEquals(reference, networks.get(ModelInputs.IDS_AND_NOISE).params(), "to the last bit");
      assertTrue(reference.equalsWithEps(networks.get(ModelInputs.LATENTS).params(), 1e-4));
    }
  }

  @Test
  void noiseThatIsGivenIsUsed() {
    TarFlowConfig config = TestModels.everyCoupling(1);
    ComputationGraph network = network(config, ModelInputs.IDS_AND_NOISE);
    MultiDataSet batch = batch(network, ids(), null);
    INDArray elbo = TarFlowNetwork.layer(network).logLikelihood(ids(), batch.getFeatures(1));
    assertEquals(elbo.reshape(BATCH, 1), network.output(batch.getFeatures())[0]);
    assertEquals(elbo.meanNumber().doubleValue() / -TestModels.TOKENS, network.score(batch, false), 1e-6);
    assertFalse(network.outputSingle(ids(), batch.getFeatures(1).neg()).equals(network.outputSingle(batch.getFeatures())));
  }

  /** Labels that repeat the latents ask for log p(z) alone. The codebook does not train in any case. */
  @Test
  void theDensityOfLatentsAlone() {
    TarFlowConfig config = TestModels.everyCoupling(1);
    ComputationGraph network = network(config, ModelInputs.LATENTS);
    MultiDataSet withIds = batch(network, ids(), null);
    INDArray z = withIds.getFeatures(0);
    MultiDataSet alone = new MultiDataSet(z, z);
    INDArray density = network.outputSingle(z);
    assertEquals(density.meanNumber().doubleValue() / -TestModels.TOKENS, network.score(alone, false), 1e-6);
    assertTrue(network.scoreExamples(alone, false).equalsWithEps(density.mul(-1.0 / TestModels.TOKENS), 1e-6));
    assertTrue(Math.abs(network.score(alone, false) - network.score(withIds, false)) > 0.01, "the VAE term");
    INDArray means = TarFlowNetwork.parameters(network).get("codebook.mean").dup();
    ComputationGraph other = network(config, ModelInputs.LATENTS);
    network.fit(alone);
    other.fit(withIds);
    assertEquals(other.params(), network.params(), "the VAE term does not depend on what trains");
    assertEquals(means, TarFlowNetwork.parameters(network).get("codebook.mean"));
  }

  @ParameterizedTest
  @EnumSource(ModelInputs.class)
  void theFormIsSavedAndATrainedNetworkCanTakeIt(ModelInputs inputs) throws IOException {
    TarFlowConfig config = TestModels.everyCoupling(1);
    ComputationGraph trained = TarFlowNetwork.create(config, OPTIMIZER, 100, 3);
    trained.fit(new MultiDataSet(ids(), ids()));
    ComputationGraph tuned = FineTuning.of(trained).inputs(inputs).build();
    double before = trained.score(batch(trained, ids(), null), false);
    assertEquals(before, tuned.score(batch(tuned, ids(), null), false), 1e-6 * (1 + Math.abs(before)));
    File file = folder.resolve(inputs + ".zip").toFile();
    ModelSerializer.writeModel(tuned, file, true);
    ComputationGraph restored = ModelSerializer.restoreComputationGraph(file, true);
    assertEquals(inputs.names(), restored.getConfiguration().getNetworkInputs());
    tuned.fit(batch(tuned, ids(), null));
    restored.fit(batch(restored, ids(), null));
    assertEquals(tuned.params(), restored.params());
    ComputationGraph back = FineTuning.of(restored).inputs(ModelInputs.IDS).build();
    assertEquals(java.util.List.of(TarFlowNetwork.INPUT), back.getConfiguration().getNetworkInputs());
    assertTrue(Double.isFinite(back.score(new MultiDataSet(ids(), ids()), false)));
  }

  /** Files of networks from versions without the choice. */
  @Test
  void aConfigurationThatDoesNotSayTakesIds() {
    ComputationGraph network = TarFlowNetwork.create(TestModels.everyCoupling(1), OPTIMIZER, 100, 3);
    String json = network.getConfiguration().toJson();
    String old = json.replaceAll("\\s*\"inputs\" : \"IDS\",", "");
    assertTrue(old.length() < json.length(), json);
    ComputationGraph restored = new ComputationGraph(ComputationGraphConfiguration.fromJson(old));
    restored.init(network.params(), true);
    MultiDataSet batch = new MultiDataSet(ids(), ids());
    assertEquals(network.score(batch, false), restored.score(batch, false));
  }

  @Test
  void wrongFeaturesAreNamed() {
    TarFlowConfig config = TestModels.everyCoupling(1);
    INDArray ids = ids();
    INDArray z = Nd4j.zeros(DataType.FLOAT, BATCH, TestModels.TOKENS, 2);
    refuses(config, ModelInputs.LATENTS, "latents: found shape [3, 8]; expected [3, 8, 2]", ids, ids);
    refuses(config, ModelInputs.LATENTS, "latents: found shape [3, 8, 3]; expected [3, 8, 2]", ids, Nd4j.zeros(DataType.FLOAT, 3, 8, 3));
    refuses(config, ModelInputs.LATENTS, "latents: found DOUBLE; expected FLOAT", ids, z.castTo(DataType.DOUBLE));
    refuses(config, ModelInputs.LATENTS, "labels have shape [3, 7]; expected ids [3, 8], or the latents again",
        TestModels.ids(1, 3, 7), z);
    refuses(config, ModelInputs.LATENTS, "id 5 at position 1 of text 0; expected 0 to 4", ids.dup().putScalar(0, 1, 5), z);
    refuses(config, ModelInputs.IDS, "id -1 at position 7 of text 2; expected 0 to 4", ids, ids.dup().putScalar(2, 7, -1));
    refuses(config, ModelInputs.IDS, "ids: found 0.5; expected whole numbers", ids,
        Nd4j.valueArrayOf(new long[] {3, 8}, 0.5, DataType.FLOAT));
    refuses(config, ModelInputs.IDS, "ids have shape [3, 8, 2]; expected [batch, time], or [batch, 1, time]", ids, z);
    refuses(config, ModelInputs.IDS, "labels that are noise: found shape [3, 8, 5]; expected [3, 8, 2]",
        Nd4j.zeros(DataType.FLOAT, 3, 8, 5), ids);
    refuses(config, ModelInputs.IDS_AND_NOISE, "noise: found DOUBLE; expected FLOAT", ids, ids, z.castTo(DataType.DOUBLE));
    refuses(config, ModelInputs.IDS_AND_NOISE, "noise: found shape [3, 7, 2]; expected [3, 8, latentDim]", ids, ids,
        Nd4j.zeros(DataType.FLOAT, 3, 7, 2));
    refuses(config, ModelInputs.IDS_AND_NOISE, "noise has 3 numbers per token; expected latentDim 2", ids, ids,
        Nd4j.zeros(DataType.FLOAT, 3, 8, 3));
    String message = assertThrows(IllegalArgumentException.class, () -> network(config.autoregressiveTwin(), ModelInputs.LATENTS))
        .getMessage();
    assertEquals("inputs are LATENTS; a discrete model takes IDS", message);
  }

  private static void refuses(TarFlowConfig config, ModelInputs inputs, String expected, INDArray labels, INDArray... features) {
    MultiDataSet batch = new MultiDataSet(features, new INDArray[] {labels});
    ComputationGraph network = network(config, inputs);
    INDArray before = network.params().dup();
    String message = assertThrows(IllegalArgumentException.class, () -> network.fit(batch)).getMessage();
    assertEquals(expected, message);
    assertEquals(before, network.params());
    ComputationGraph fresh = network(config, inputs);
    fresh.fit(batch(fresh, ids(), null)); // a refused batch leaves nothing behind
    network.fit(batch(network, ids(), null));
    assertEquals(fresh.params(), network.params());
  }
}
