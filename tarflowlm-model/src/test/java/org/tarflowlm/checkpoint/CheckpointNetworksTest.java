package org.tarflowlm.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.nn.OptimizerSpec;
import org.tarflowlm.nn.TarFlowNetwork;

class CheckpointNetworksTest {
  private static final int BATCH = 2;

  /** Ids from a formula, so that no file is needed: {@code (7 t^2 + 3 b + t) mod V}. */
  private static INDArray ids(TarFlowConfig config) {
    int[] ids = new int[BATCH * config.contextLength()];
    for (int i = 0; i < ids.length; i++) {
      int b = i / config.contextLength();
      int t = i % config.contextLength();
      ids[i] = (7 * t * t + 3 * b + t) % config.vocabSize();
    }
    return Nd4j.createFromArray(ids).reshape(BATCH, config.contextLength());
  }

  /** Noise from a formula, so that no file is needed: {@code sin(1 + 100 b + 10 t + i)}. */
  private static INDArray noise(TarFlowConfig config) {
    float[] noise = new float[BATCH * config.contextLength() * config.latentDim()];
    for (int n = 0; n < noise.length; n++) {
      int i = n % config.latentDim();
      int t = n / config.latentDim() % config.contextLength();
      int b = n / config.latentDim() / config.contextLength();
      noise[n] = (float) Math.sin(1 + b * 100 + t * 10 + i);
    }
    return Nd4j.createFromArray(noise).reshape(BATCH, config.contextLength(), config.latentDim());
  }

  @Test
  void weightsSurviveTheWayThroughANetwork() {
    Checkpoint checkpoint = Fixtures.tiny();
    ComputationGraph network = CheckpointNetworks.network(checkpoint);
    Checkpoint again = CheckpointNetworks.checkpoint(network, checkpoint.info(), null);

    assertEquals(checkpoint.config(), again.config());
    assertEquals(checkpoint.tensors(), again.tensors());
    TarFlowNetwork.parameters(network).get("flow0.start").putScalar(0, 7);
    assertNotEquals(checkpoint.tensors(), CheckpointNetworks.checkpoint(network, checkpoint.info(), null).tensors());
    assertEquals(checkpoint.tensors(), again.tensors(), "a checkpoint does not follow its network");
  }

  /** A PyTorch model with the same formulas in float64 and the golden file's weights gave these numbers. */
  @Test
  void goldenCheckpointHasTheLikelihoodThatAnotherImplementationGives() {
    Checkpoint golden = Fixtures.resource("org/tarflowlm/zoo/golden-format-1");
    TarFlowConfig config = golden.config();
    try (INDArray elbo = TarFlowNetwork.layer(CheckpointNetworks.network(golden)).logLikelihood(ids(config), noise(config))) {
      assertEquals(-32.09439149314649, elbo.getDouble(0), 1e-4);
      assertEquals(-40.70463875053619, elbo.getDouble(1), 1e-4);
    }
  }

  @Test
  void loadedNetworksTrainOn() {
    Checkpoint checkpoint = Fixtures.tiny();
    ComputationGraph network = CheckpointNetworks.network(checkpoint, OptimizerSpec.defaults(), 100, 3);
    INDArray ids = ids(checkpoint.config());
    double before = network.score(new MultiDataSet(ids, ids));
    for (int step = 0; step < 8; step++) {
      network.fit(new MultiDataSet(ids, ids));
    }
    assertTrue(network.score(new MultiDataSet(ids, ids)) < before - 0.05);
  }

  @Test
  void networksThatDivergedAreNotSaved() {
    ComputationGraph network = CheckpointNetworks.network(Fixtures.tiny());
    TarFlowNetwork.parameters(network).get("flow2.in.bias").putScalar(3, Double.NaN);
    CheckpointException e = assertThrows(CheckpointException.class,
        () -> CheckpointNetworks.checkpoint(network, CheckpointInfo.of("text8"), null));
    assertEquals("tensor 'flow2.in.bias' holds NaN at [3]; expected finite numbers", e.getMessage());
  }
}
