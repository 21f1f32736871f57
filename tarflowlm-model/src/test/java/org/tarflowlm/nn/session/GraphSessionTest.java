package org.tarflowlm.nn.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.listeners.BaseListener;
import org.nd4j.autodiff.listeners.Listener;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.tarflowlm.TestModels;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.graph.KernelChoice;
import org.tarflowlm.nn.EncoderNoise;
import org.tarflowlm.nn.OptimizerSpec;
import org.tarflowlm.nn.TarFlowLayer;
import org.tarflowlm.nn.TarFlowNetwork;

/** Compares repeated runs with runs that SameDiff organises itself. */
class GraphSessionTest {
  private static final Listener[] NONE = {};
  /** A listener makes the session bypass recorded runs. */
  private static final Listener[] ANY = {new SilentListener()};

  private static final class SilentListener extends BaseListener {
    @Override
    public boolean isActive(Operation operation) {
      return true;
    }
  }

  @Test
  void aRepeatedRunGivesTheSameBitsAsOneByItself() {
    TarFlowConfig config = TestModels.everyCoupling(2);
    for (KernelChoice kernels : List.of(KernelChoice.FUSED, KernelChoice.COMPOSED)) {
      TarFlowLayer layer = TarFlowNetwork.layer(TarFlowNetwork.create(config, OptimizerSpec.defaults(), 10, 3, kernels, List.of(),
          DataType.FLOAT));
      for (int round = 0; round < 3; round++) {
        for (int batch : new int[] {3, 1, 4}) {
          INDArray ids = TestModels.ids(10 * round + batch, batch, TestModels.TOKENS);
          INDArray noise = EncoderNoise.draw(round, batch, DataType.FLOAT, batch, TestModels.TOKENS, config.latentDim());
          layer.setGraphListeners(ANY);
          INDArray expected = layer.logLikelihood(ids, noise);
          INDArray expectedLatents = layer.latents(2, ids, noise);
          layer.setGraphListeners(NONE);
          assertEquals(expected, layer.logLikelihood(ids, noise), kernels + ", round " + round + ", batch " + batch);
          assertEquals(expectedLatents, layer.latents(2, ids, noise), kernels + ", round " + round + ", batch " + batch);
        }
      }
    }
  }

  @Test
  void moreShapesThanAreRememberedStillWork() {
    TarFlowConfig config = TestModels.everyCoupling(1).autoregressiveTwin();
    TarFlowLayer layer = TarFlowNetwork.layer(TarFlowNetwork.create(config, OptimizerSpec.defaults(), 10, 3));
    INDArray ids = TestModels.ids(1, 20, TestModels.TOKENS);
    INDArray together = layer.logLikelihood(ids, null);
    for (int round = 0; round < 2; round++) {
      for (int batch = 1; batch <= 20; batch++) {
        INDArray some = layer.logLikelihood(ids.get(NDArrayIndex.interval(0, batch)), null);
        assertEquals(together.getDouble(batch - 1), some.getDouble(batch - 1), 1e-4);
      }
    }
  }

  /** M2.1 reads an axis that is the second input before the op runs, and keeps it in the op. */
  @Test
  void anOpThatOnlySameDiffCanRunIsLeftToIt() {
    SameDiff graph = SameDiff.create();
    SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 3);
    x.sub(graph.var("w", Nd4j.ones(DataType.FLOAT, 3))).norm2("y", 1);
    SDVariable sum = graph.math().abs("z", graph.getVariable("y"));
    GraphSession session = new GraphSession(graph);
    for (int round = 0; round < 3; round++) {
      INDArray given = Nd4j.createFromArray(round, 1f, 2f, 3f, 4f, 5f).reshape(2, 3);
      Map<String, INDArray> found = session.run(List.of(sum.name()), Map.of("x", given), Operation.INFERENCE, List.of(), Map.of());
      assertTrue(given.sub(1).norm2(1).equalsWithEps(found.get("z"), 1e-6), "round " + round);
      session.endStep();
    }
    session.close();
  }

  /** Every longer input makes the block of memory grow, and all runs recorded before have to follow. */
  @Test
  void shorterInputsStillWorkOnceLongerOnesHaveCome() {
    SameDiff graph = SameDiff.create();
    SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 3);
    graph.math().tanh("y", graph.math().square(graph.math().exp(graph.math().neg(x))));
    GraphSession session = new GraphSession(graph);
    for (int longest = 1; longest <= 12; longest++) {
      for (int length = 1; length <= longest; length++) {
        INDArray given = Nd4j.rand(DataType.FLOAT, 20_000L * length, 3);
        INDArray found = session.run(List.of("y"), Map.of("x", given), Operation.INFERENCE, List.of(), Map.of()).get("y");
        assertTrue(Transforms.tanh(Transforms.exp(given.mul(-2))).equalsWithEps(found, 1e-5), length + " of " + longest);
        session.endStep();
      }
    }
    session.close();
  }

  /** A later op reads one output; another output is an input passed on. The run reuses the memory of what comes before. */
  @Test
  void outputsAreLeftInTheArraysOfTheCaller() {
    SameDiff graph = SameDiff.create();
    SDVariable x = graph.placeHolder("x", DataType.FLOAT, 2, 3);
    SDVariable y = graph.math().square("y", graph.math().exp(graph.math().neg(x)));
    graph.math().tanh("z", graph.math().abs(y));
    graph.identity("same", x);
    GraphSession session = new GraphSession(graph);
    Map<String, INDArray> targets = Map.of("y", Nd4j.create(DataType.FLOAT, 2, 3), "z", Nd4j.create(DataType.FLOAT, 2, 3),
        "same", Nd4j.create(DataType.FLOAT, 2, 3));
    for (int round = 0; round < 4; round++) {
      INDArray given = Nd4j.createFromArray(round, 1f, 2f, 3f, 4f, 5f).muli(0.1).reshape(2, 3);
      session.run(List.of("y", "z", "same"), Map.of("x", given), Operation.INFERENCE, List.of(), targets);
      session.endStep();
      INDArray square = Transforms.exp(given.mul(-2));
      assertTrue(square.equalsWithEps(targets.get("y"), 1e-6), "round " + round);
      assertTrue(Transforms.tanh(square).equalsWithEps(targets.get("z"), 1e-6), "round " + round);
      assertEquals(given, targets.get("same"), "round " + round);
    }
    session.close();
  }

  @Test
  void placeholdersOfTheCallerAreNotKept() {
    TarFlowConfig config = TestModels.everyCoupling(1).autoregressiveTwin();
    TarFlowLayer layer = TarFlowNetwork.layer(TarFlowNetwork.create(config, OptimizerSpec.defaults(), 10, 3));
    INDArray ids = TestModels.ids(1, 2, TestModels.TOKENS);
    INDArray first = layer.logLikelihood(ids, null);
    INDArray kept = ids.dup();
    layer.logLikelihood(TestModels.ids(2, 2, TestModels.TOKENS), null);
    assertEquals(kept, ids);
    ids.assign(0);
    assertFalse(first.equals(layer.logLikelihood(ids, null)));
    assertEquals(first, layer.logLikelihood(kept, null));
  }
}
