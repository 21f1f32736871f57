package org.tarflowlm.flow;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.ChannelDirection;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.coupling.Codebook;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.nn.OptimizerSpec;
import org.tarflowlm.nn.TarFlowLayer;
import org.tarflowlm.nn.TarFlowNetwork;

/** The stack on plain arrays and the graph that trains give the same numbers for the same parameters and windows. */
class GraphAgreementTest {
  private static final int VOCABULARY = 9;
  private static final int BATCH = 3;
  private static final int CONTEXT = 24;
  private static final int LATENT = 2;

  static Stream<TarFlowConfig> models() {
    return Stream.concat(Stream.of(Direction.values()).map(GraphAgreementTest::coarseToFine), everyCoupling());
  }

  /** Two flows, each over one channel, in opposite directions. */
  private static TarFlowConfig coarseToFine(Direction direction) {
    return RandomModel.config(VOCABULARY, CONTEXT, LATENT, 16, 2, 1, false,
        FlowSpec.tiedMixD(2, VOCABULARY, direction.opposite()).onChannels(1, 2, 3),
        FlowSpec.tiedMixD(1, VOCABULARY, direction).onChannels(0, 1, 0));
  }

  private static Stream<TarFlowConfig> everyCoupling() {
    return Stream.of(1, 2).flatMap(patch -> Stream.of(
        RandomModel.config(VOCABULARY, CONTEXT, LATENT, 16, 2, patch, patch > 1,
            FlowSpec.tiedMixD(2, VOCABULARY, Direction.LEFT_TO_RIGHT), FlowSpec.mix1(1, 2, Direction.RIGHT_TO_LEFT),
            FlowSpec.affine(1, Direction.LEFT_TO_RIGHT)),
        new TarFlowConfig(ModelType.TARFLOW, VOCABULARY, CONTEXT, LATENT, 16, 2, patch, patch > 1, List.of(
            FlowSpec.affine(1, Direction.RIGHT_TO_LEFT).withChannelDirection(ChannelDirection.DESCENDING),
            FlowSpec.affine(2, Direction.LEFT_TO_RIGHT),
            FlowSpec.affine(0, Direction.LEFT_TO_RIGHT).withChannelDirection(ChannelDirection.DESCENDING),
            FlowSpec.mix1(0, 2, Direction.LEFT_TO_RIGHT)), null, null, 16, null, 2, null)));
  }

  @ParameterizedTest
  @MethodSource("models")
  void latentsAndLikelihoodAgreeAndTheInverseGivesTheTextBack(TarFlowConfig config) {
    ComputationGraph network = TarFlowNetwork.create(config, OptimizerSpec.defaults(), 10, 1);
    Map<String, INDArray> parameters = TarFlowNetwork.parameters(network);
    RandomModel.parameters(config, 17).forEach((name, values) ->
        parameters.get(name).assign(Nd4j.createFromArray(values).reshape(parameters.get(name).shape())));
    TarFlowLayer layer = TarFlowNetwork.layer(network);
    StackTransform stack = new StackTransform(StackWeights.of(config, name -> parameters.get(name).dup('c').data().asFloat()));

    Random random = new Random(4);
    int[] ids = random.ints(BATCH * CONTEXT, 0, VOCABULARY).toArray();
    INDArray idArray = Nd4j.createFromArray(ids).reshape(BATCH, CONTEXT);
    INDArray noise = Nd4j.create(DataType.FLOAT, BATCH, CONTEXT, LATENT);
    for (long i = 0; i < noise.length(); i++) {
      noise.putScalar(i, random.nextGaussian());
    }

    double[][] z = sequences(layer.latents(0, idArray, noise));
    StackTransform.Forward forward = stack.forward(z);
    for (int l = 1; l < config.flows().size(); l++) {
      double[][] expected = sequences(layer.latents(l, idArray, noise));
      for (int b = 0; b < BATCH; b++) {
        StackTransformTest.assertClose(expected[b], forward.latents().h()[l][b], 2e-4, "level " + l);
      }
    }
    INDArray logLikelihood = layer.logLikelihood(idArray, noise);
    Workspace workspace = new Workspace();
    for (int b = 0; b < BATCH; b++) {
      double bound = forward.logDensity()[b];
      for (int t = 0; t < CONTEXT; t++) {
        bound += Codebook.vaeTerm(z[b], t * LATENT, stack.weights().codebook(), workspace);
      }
      assertEquals(logLikelihood.getDouble(b), bound, 1e-4 * CONTEXT);
    }

    double[][] again = stack.inverse(forward.latents().u()).latents().z();
    LatentDecoder decoder = new LatentDecoder(stack.weights().codebook());
    for (int b = 0; b < BATCH; b++) {
      StackTransformTest.assertClose(z[b], again[b], 1e-4, "z");
      assertArrayEquals(decoder.decode(z[b]), decoder.decode(again[b]));
    }
  }

  private static double[][] sequences(INDArray latents) {
    double[][] result = new double[(int) latents.size(0)][];
    for (int b = 0; b < result.length; b++) {
      result[b] = latents.slice(b).castTo(DataType.DOUBLE).dup('c').data().asDouble();
    }
    return result;
  }
}
