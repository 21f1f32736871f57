package org.tarflowlm.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.TestModels;
import org.tarflowlm.config.CodebookSpec;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.graph.KernelChoice;
import org.tarflowlm.nn.EncoderNoise;
import org.tarflowlm.nn.OptimizerSpec;
import org.tarflowlm.nn.TarFlowNetwork;

/**
 * The paper's proposition 4: as sigma goes to 0, one Mix-d flow tied to the encoder's codebook becomes a discrete language model whose
 * inputs are the means. That discrete model is the twin with the flow's own transformer and head; its token embeddings are the projected
 * means.
 */
class DiscreteLimitTest {
  private static final int BATCH = 4;

  @Test
  void elboBecomesTheCrossEntropyOfTheSameNetwork() {
    double wide = largestDifference(1e-3);
    double narrow = largestDifference(1e-6);
    assertTrue(wide > 1e-5, "at sigma 1e-3 the two still differ; found " + wide);
    assertEquals(0, narrow, 1e-4);
    assertTrue(narrow < wide / 100, narrow + " at sigma 1e-6, " + wide + " at 1e-3");
  }

  /** Nats of each sequence. */
  private static double largestDifference(double sigma) {
    TarFlowConfig config = new TarFlowConfig(ModelType.TARFLOW, TestModels.VOCAB, TestModels.TOKENS, 2, 12, 3, 1, null,
        List.of(FlowSpec.tiedMixD(2, TestModels.VOCAB, Direction.LEFT_TO_RIGHT)),
        new CodebookSpec(sigma, CodebookSpec.SigmaMode.FIXED, sigma, null), null, null, null);
    ComputationGraph flow = network(config);
    Map<String, INDArray> parameters = TarFlowNetwork.parameters(flow);
    parameters.get("flow0.head.weight").muli(50); // the start is nearly uniform, which would be too easy a case
    ComputationGraph twin = network(config.autoregressiveTwin());
    TarFlowNetwork.parameters(twin).forEach((name, array) -> array.assign(name.equals("embed.weight")
        ? parameters.get("codebook.mean").mmul(parameters.get("flow0.in.weight")).addRowVector(parameters.get("flow0.in.bias"))
        : parameters.get(name.replace("lm.", "flow0."))));
    INDArray ids = TestModels.ids(3, BATCH, TestModels.TOKENS);
    INDArray noise = EncoderNoise.draw(4, 0, DataType.DOUBLE, BATCH, TestModels.TOKENS, config.latentDim());
    INDArray elbo = TarFlowNetwork.layer(flow).logLikelihood(ids, noise);
    INDArray exact = TarFlowNetwork.layer(twin).logLikelihood(ids, null);
    assertTrue(exact.maxNumber().doubleValue() - exact.minNumber().doubleValue() > 0.5, "the model tells the sequences apart");
    return elbo.sub(exact).amaxNumber().doubleValue();
  }

  private static ComputationGraph network(TarFlowConfig config) {
    return TarFlowNetwork.create(config, OptimizerSpec.defaults(), 1, 6, KernelChoice.AUTO, List.of(), DataType.DOUBLE);
  }
}
