package org.tarflowlm.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.learning.config.Sgd;
import org.tarflowlm.TestModels;
import org.tarflowlm.graph.KernelChoice;
import org.tarflowlm.json.ConfigException;
import org.tarflowlm.json.RecordJson;

class RateFactorsTest {
  private static final String SLOW = "flow1.block0.qkv.weight";
  private static final String OTHER = "flow0.block0.qkv.weight";

  private static OptimizerSpec optimizer(Map<String, Double> factors) {
    return OptimizerSpec.constant(1e-2).withWeightDecay(0.01).withClipNorm(0.0).withRateFactors(factors);
  }

  private static ComputationGraph network(Map<String, Double> factors, KernelChoice kernels) {
    return TarFlowNetwork.create(TestModels.everyCoupling(1), optimizer(factors), 10, 3, kernels, List.of(), DataType.FLOAT);
  }

  /** Returns how far a parameter moves in the first step. */
  private static INDArray move(ComputationGraph network, String name) {
    INDArray before = TarFlowNetwork.parameters(network).get(name).dup();
    INDArray ids = TestModels.ids(1, 3, TestModels.TOKENS);
    network.fit(new MultiDataSet(ids, ids));
    return TarFlowNetwork.parameters(network).get(name).sub(before);
  }

  @ParameterizedTest
  @EnumSource(value = KernelChoice.class, names = {"FUSED", "COMPOSED"})
  void aPartMovesByItsFactor(KernelChoice kernels) {
    for (Map<String, Double> factors : List.of(Map.of("flow1", 0.25), Map.of("flow1", 7.0, "flow1.block0", 0.25))) {
      INDArray slow = move(network(factors, kernels), SLOW);
      assertTrue(slow.equalsWithEps(move(network(Map.of(), kernels), SLOW).mul(0.25), 1e-6));
      assertTrue(move(network(factors, kernels), OTHER).equalsWithEps(move(network(Map.of(), kernels), OTHER), 1e-7));
    }
  }

  @Test
  void factorZeroMovesNothing() {
    assertEquals(0, move(network(Map.of("flow1", 0.0), KernelChoice.AUTO), SLOW).amaxNumber().doubleValue());
  }

  @Test
  void sgdIsSlowedToo() {
    ComputationGraph plain = FineTuning.of(network(Map.of(), KernelChoice.AUTO)).updater(new Sgd(0.1)).build();
    ComputationGraph slowed = FineTuning.of(network(Map.of("flow1", 0.5), KernelChoice.AUTO)).updater(new Sgd(0.1)).build();
    assertTrue(move(slowed, SLOW).equalsWithEps(move(plain, SLOW).mul(0.5), 1e-6));
  }

  @Test
  void factorsOutlastAnotherRateAndAFile() throws IOException {
    ComputationGraph network = network(Map.of("flow1", 0.25), KernelChoice.AUTO);
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    ModelSerializer.writeModel(FineTuning.of(network).learningRate(2e-2).build(), file, true);
    ComputationGraph read = ModelSerializer.restoreComputationGraph(new ByteArrayInputStream(file.toByteArray()), true);
    assertTrue(move(read, SLOW).equalsWithEps(move(network, SLOW).mul(2), 1e-6));
  }

  @Test
  void factorsAreAnObjectInJson() {
    OptimizerSpec read = RecordJson.read("{\"rateFactors\": {\"flow0.maf\": 0.1, \"codebook\": 0}}", OptimizerSpec.class);
    assertEquals(Map.of("flow0.maf", 0.1, "codebook", 0.0), read.rateFactors());
    assertEquals(read, RecordJson.read(RecordJson.write(read), OptimizerSpec.class));
  }

  @Test
  void badFactorsAreRefused() {
    IllegalArgumentException name = assertThrows(IllegalArgumentException.class, () -> network(Map.of("flwo1", 0.5), KernelChoice.AUTO));
    assertTrue(name.getMessage().contains("'flwo1' is not a part of the model"), name.getMessage());
    ConfigException value = assertThrows(ConfigException.class, () -> optimizer(Map.of("flow1", -1.0)));
    assertTrue(value.getMessage().contains("rateFactors.flow1") && value.getMessage().contains("-1.0"), value.getMessage());
  }
}
