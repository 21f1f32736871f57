package org.tarflowlm.flow;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.generate.SpanSampler;
import org.tarflowlm.nn.OptimizerSpec;
import org.tarflowlm.nn.TarFlowNetwork;

/** Three flows over patches with mixed channels hardly change anything, so every level lies near its own tokens. */
class LevelOrderTest {
  private static final int VOCABULARY = 9;
  private static final int CONTEXT = 16;
  private static final int LATENT = 3;

  @ParameterizedTest
  @ValueSource(ints = {2, 4})
  void everyLevelLiesNearItsOwnTokens(int patch) {
    TarFlowConfig config = RandomModel.config(VOCABULARY, CONTEXT, LATENT, 16, 2, patch, true, FlowSpec.affine(1, Direction.LEFT_TO_RIGHT),
        FlowSpec.affine(1, Direction.RIGHT_TO_LEFT), FlowSpec.affine(1, Direction.LEFT_TO_RIGHT));
    Map<String, float[]> values = RandomModel.parameters(config, 3);
    values.forEach((name, array) -> {
      for (int i = 0; name.contains(".maf.out.") && i < array.length; i++) {
        array[i] *= 0.01f;
      }
    });
    values.put("codebook.mean", distinctCodes());
    Arrays.fill(values.get("codebook.logSigma"), -4f);
    ComputationGraph network = TarFlowNetwork.create(config, OptimizerSpec.defaults(), 10, 1);
    Map<String, INDArray> parameters = TarFlowNetwork.parameters(network);
    values.forEach((name, array) -> parameters.get(name).assign(Nd4j.createFromArray(array).reshape(parameters.get(name).shape())));

    int[] ids = new Random(4).ints(CONTEXT, 0, VOCABULARY).toArray();
    INDArray idArray = Nd4j.createFromArray(ids).reshape(1, CONTEXT);
    INDArray noise = Nd4j.zeros(DataType.FLOAT, 1, CONTEXT, LATENT);
    StackWeights weights = StackWeights.of(config, values::get);
    StackTransform stack = new StackTransform(weights);
    LatentDecoder decoder = new LatentDecoder(weights.codebook());
    double[][] z = {TarFlowNetwork.layer(network).latents(0, idArray, noise).dup().data().asDouble()};
    StackTransform.Latents forward = stack.forward(z).latents();
    StackTransform.Latents inverse = stack.inverse(forward.h()[3]).latents();
    double[][] sampled = new SpanSampler(weights, TokenFilter.NONE, 1, 1, CONTEXT / patch, 0, CONTEXT / patch).levels(z[0]);
    for (int l = 0; l <= 3; l++) {
      assertArrayEquals(ids, decoder.decode(forward.h()[l][0]), "forward, level " + l);
      assertArrayEquals(ids, decoder.decode(inverse.h()[l][0]), "inverse, level " + l);
      assertArrayEquals(ids, decoder.decode(sampled[l]), "sampler, level " + l);
      assertEquals(0, distance(z[0], forward.h()[l][0]), 0.5, "level " + l);
    }
    for (int l = 1; l < 3; l++) {
      double[] graph = TarFlowNetwork.layer(network).latents(l, idArray, noise).dup().data().asDouble();
      assertArrayEquals(ids, decoder.decode(graph), "graph, level " + l);
      StackTransformTest.assertClose(graph, forward.h()[l][0], 1e-4, "level " + l);
    }
  }

  /** Codes on a line, far from each other, with different numbers in every channel. */
  private static float[] distinctCodes() {
    float[] means = new float[VOCABULARY * LATENT];
    for (int i = 0; i < means.length; i++) {
      means[i] = (i / LATENT - 4) * (i % LATENT == 1 ? -1f : 1f) + 0.1f * (i % LATENT);
    }
    return means;
  }

  private static double distance(double[] x, double[] y) {
    double most = 0;
    for (int i = 0; i < x.length; i++) {
      most = Math.max(most, Math.abs(x[i] - y[i]));
    }
    return most;
  }
}
