package org.tarflowlm.graph;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.array.SingleThreadArrayHolder;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.TestModels;
import org.tarflowlm.config.ChannelDirection;
import org.tarflowlm.config.Coupling;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.flow.LatentDecoder;
import org.tarflowlm.flow.RandomModel;
import org.tarflowlm.flow.Sampling;
import org.tarflowlm.flow.StackTransform;
import org.tarflowlm.flow.StackWeights;

class InverseGraphTest {
  private static final int VOCABULARY = 7;
  private static final int CONTEXT = 8;
  private static final Direction L2R = Direction.LEFT_TO_RIGHT;

  /** Three flows together have every coupling and both orders of directions and channels, for patches of 1, 2 and 4 tokens. */
  static List<Arguments> models() {
    List<Arguments> result = new ArrayList<>();
    for (int patch : new int[] {1, 2, 4}) {
      for (Direction direction : Direction.values()) {
        Direction other = direction.opposite();
        result.add(model(patch, FlowSpec.tiedMixD(1, VOCABULARY, direction), FlowSpec.mix1(1, 2, other), FlowSpec.affine(1, direction)));
        result.add(model(patch, FlowSpec.mix1(1, 2, direction), FlowSpec.mixD(1, 3, other), FlowSpec.mix1(1, 2, direction)));
        result.add(model(patch, new FlowSpec(Coupling.AFFINE_D, 1, VOCABULARY, direction, true), FlowSpec.affine(0, direction),
            new FlowSpec(Coupling.AFFINE_D, 1, 3, other, false)));
        if (patch == 1) {
          result.add(model(patch, FlowSpec.tiedMixD(1, VOCABULARY, direction).onChannels(1, 2, 2),
              FlowSpec.tiedMixD(1, VOCABULARY, other).onChannels(0, 1, 0), FlowSpec.affine(1, direction)));
        }
        result.add(model(patch, FlowSpec.affine(1, direction), down(FlowSpec.mix1(0, 2, direction)), down(FlowSpec.affine(1, other))));
      }
    }
    return result;
  }

  private static FlowSpec down(FlowSpec flow) {
    return flow.withChannelDirection(ChannelDirection.DESCENDING);
  }

  static Arguments model(int patch, FlowSpec... flows) {
    TarFlowConfig config = RandomModel.config(VOCABULARY, CONTEXT, 2, 8, 2, patch, patch > 1, flows);
    TarFlowConfig chosen = flows[0].tied() && flows[0].coupling() == Coupling.AFFINE_D ? TestModels.withPatchHead(config) : config;
    return Arguments.of("patch " + patch + " " + List.of(flows), chosen);
  }

  /** Every level has the same bits as in the array engine, whatever the batch and the length. The ids decode z. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("models")
  void everyLevelAndTheTokensAreThoseOfTheEngine(String name, TarFlowConfig config) {
    Map<String, float[]> values = RandomModel.parameters(config, 5);
    StackWeights weights = StackWeights.of(config, values::get);
    SameDiff sd = graph(config, arrays(config, values), Sampling.DEFAULT, false);
    for (int batch : new int[] {1, 8}) {
      for (int positions : new int[] {1, config.positions()}) {
        double[][] u = noise(batch, positions * config.channels());
        StackTransform.Latents expected = new StackTransform(weights).inverse(u).latents();
        Map<String, INDArray> found = sd.output(Map.of("u", array(u, config)), "latent2", "latent1", "latent0", "ids");
        LatentDecoder decoder = new LatentDecoder(weights.codebook());
        for (int b = 0; b < batch; b++) {
          for (int l = 0; l < 3; l++) {
            assertArrayEquals(expected.h()[l][b], found.get("latent" + l).slice(b).dup('c').data().asDouble(), "level " + l);
          }
          assertArrayEquals(decoder.decode(expected.z()[b]), found.get("ids").slice(b).dup().toIntVector());
        }
        assertEquals(DataType.INT32, found.get("ids").dataType());
        assertArrayEquals(new long[] {batch, (long) positions * config.patchSize()}, found.get("ids").shape());
      }
    }
  }

  /** One graph turns noise through the inverse ops into z, and through the trained flows back into the noise. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("models")
  void theInverseComposesWithTheForwardFlows(String name, TarFlowConfig config) {
    Map<String, INDArray> parameters = arrays(config, RandomModel.parameters(config, 5));
    int channels = config.channels();
    for (int positions : new int[] {1, config.positions()}) {
      SameDiff sd = SameDiff.create();
      Map<String, SDVariable> variables = new LinkedHashMap<>();
      parameters.forEach((key, array) -> variables.put(key, sd.constant(key, array)));
      SDVariable u = sd.placeHolder("u", DataType.FLOAT, -1, positions, channels);
      SDVariable h = InverseGraph.flows(sd, config, Sampling.DEFAULT, u, null, variables::get).get(0);
      GraphScope scope = new GraphScope(sd, config, variables, new FusedPrimitives(sd), new KernelCouplings(sd), DataType.FLOAT,
          positions * config.patchSize(), null);
      EncoderCodebook codebook = new EncoderCodebook(scope);
      SDVariable features = null;
      int mixes = 0;
      for (int l = 0; l < 3; l++) {
        h = config.mixesBefore(l) ? FlowBlock.mixChannels(sd, h, positions, channels) : h;
        mixes += config.mixesBefore(l) ? 1 : 0;
        FlowBlock block = new FlowBlock(scope, l, codebook);
        features = block.features(h, features);
        h = block.forward(h, features).u();
      }
      for (int mix = 0; mix < mixes; mix++) {
        h = FlowBlock.unmixChannels(h, positions, channels);
      }
      for (int batch : new int[] {1, 8}) {
        double[][] noise = noise(batch, positions * channels);
        INDArray again = sd.output(Map.of("u", array(noise, config).castTo(DataType.FLOAT)), h.name()).get(h.name());
        double worst = again.castTo(DataType.DOUBLE).sub(array(noise, config)).amaxNumber().doubleValue();
        assertTrue(worst < 1e-3, "u differs by " + worst);
      }
    }
  }

  /** DL4J's updaters write into the arrays. The graph packs weights once, and again after such a change. */
  @Test
  void parametersThatChangeInPlaceAreSeenAndOthersArePackedOnce() {
    TarFlowConfig config = RandomModel.config(VOCABULARY, CONTEXT, 2, 8, 2, 1, false, FlowSpec.tiedMixD(1, VOCABULARY, L2R),
        FlowSpec.affine(1, Direction.RIGHT_TO_LEFT));
    Map<String, INDArray> parameters = arrays(config, RandomModel.parameters(config, 5));
    SameDiff sd = graph(config, parameters, Sampling.DEFAULT, false);
    INDArray u = array(noise(2, 16), config);
    INDArray before = sd.output(Map.of("u", u), "latent0").get("latent0").dup();
    assertEquals(before, sd.output(Map.of("u", u), "latent0").get("latent0"));
    for (String name : parameters.keySet()) {
      INDArray array = parameters.get(name);
      double old = array.getDouble(0);
      array.data().put(array.offset(), old + 0.5);
      double[] found = sd.output(Map.of("u", u), "latent0").get("latent0").dup().data().asDouble();
      SameDiff fresh = graph(config, parameters, Sampling.DEFAULT, false);
      assertArrayEquals(fresh.output(Map.of("u", u), "latent0").get("latent0").dup().data().asDouble(), found, name);
      array.data().put(array.offset(), old);
    }
    assertEquals(before, sd.output(Map.of("u", u), "latent0").get("latent0"));
    InverseGraph.fixParameters(sd);
    parameters.values().forEach(array -> array.muli(2));
    assertEquals(before, sd.output(Map.of("u", u), "latent0").get("latent0"), "a fixed graph no longer looks at the parameters");
  }

  @Test
  void samplingReachesTheOpsAndCanBeChanged() {
    TarFlowConfig config = RandomModel.config(VOCABULARY, CONTEXT, 2, 8, 2, 1, false, FlowSpec.tiedMixD(1, VOCABULARY, L2R),
        FlowSpec.affine(1, Direction.RIGHT_TO_LEFT));
    Map<String, INDArray> parameters = arrays(config, RandomModel.parameters(config, 5));
    INDArray u = array(noise(2, 16), config);
    SameDiff plain = graph(config, parameters, Sampling.DEFAULT, false);
    INDArray before = plain.output(Map.of("u", u), "latent0").get("latent0").dup();
    for (Sampling sampling : List.of(new Sampling(0.5, 1, 0, 1), new Sampling(1, 0.5, 0, 1), new Sampling(1, 1, 1, 1),
        new Sampling(1, 1, 0, 0.3))) {
      INDArray built = graph(config, parameters, sampling, false).output(Map.of("u", u), "latent0").get("latent0").dup();
      assertFalse(built.equals(before), sampling.toString());
      InverseGraph.sample(plain, sampling);
      assertArrayEquals(built.data().asDouble(), plain.output(Map.of("u", u), "latent0").get("latent0").dup().data().asDouble());
    }
    INDArray half = graph(config, parameters, new Sampling(1, 0.5, 0, 1), false).output(Map.of("u", u), "latent0").get("latent0").dup();
    InverseGraph.sample(plain, Sampling.DEFAULT);
    assertEquals(half, plain.output(Map.of("u", u.mul(0.5)), "latent0").get("latent0"));
  }

  @Test
  void whatAFlowCannotHonourIsNamed() {
    TarFlowConfig affine = RandomModel.config(VOCABULARY, CONTEXT, 2, 8, 2, 1, false, FlowSpec.affine(1, L2R));
    TarFlowConfig mix1 = RandomModel.config(VOCABULARY, CONTEXT, 2, 8, 2, 1, false, FlowSpec.mix1(1, 2, L2R), FlowSpec.affine(1, L2R));
    assertMessage("topK is 3, but the model's flows are AFFINE; only MIX_D and AFFINE_D have components to choose from",
        () -> graph(affine, Map.of(), new Sampling(1, 1, 3, 1), false));
    assertMessage("topP is 0.9, but the model's flows are MIX_1 and AFFINE; only MIX_D and AFFINE_D have components to choose from",
        () -> graph(mix1, Map.of(), new Sampling(1, 1, 0, 0.9), false));
    assertMessage("temperature is 0.5, but the model's flows are AFFINE; only MIX_D, AFFINE_D and a first MIX_1 have weights to divide;"
        + " noiseTemperature scales the noise", () -> graph(affine, Map.of(), new Sampling(0.5, 1, 0, 1), false));
    new Sampling(0.5, 0.7, 0, 1).requireHonoured(mix1);
  }

  @Test
  void latentsOfAnotherShapeAreNamed() {
    TarFlowConfig config = RandomModel.config(VOCABULARY, CONTEXT, 2, 8, 2, 2, true, FlowSpec.affine(1, L2R), FlowSpec.affine(1, L2R));
    SameDiff sd = graph(config, arrays(config, RandomModel.parameters(config, 5)), Sampling.DEFAULT, true);
    INDArray prompt = Nd4j.zeros(DataType.DOUBLE, 1, 2, 4);
    assertMessage("tarflow_flow_inverse: shape of u is [1, 5, 4]; expected [batch, 1 to 4, 4]",
        () -> sd.output(Map.of("u", Nd4j.zeros(DataType.DOUBLE, 1, 5, 4), "prompt", prompt), "ids"));
    assertMessage("tarflow_flow_inverse: shape of prompt is [1, 2, 4]; expected [2, at most 4, 4]",
        () -> sd.output(Map.of("u", Nd4j.zeros(DataType.DOUBLE, 2, 4, 4), "prompt", prompt), "ids"));
    assertMessage("tarflow_flow_forward: shape of z is [1, 5, 4]; expected [batch, 1 to 4, 4]",
        () -> sd.output(Map.of("u", Nd4j.zeros(DataType.DOUBLE, 1, 4, 4), "prompt", Nd4j.zeros(DataType.DOUBLE, 1, 5, 4)), "ids"));
    assertMessage("model is AUTOREGRESSIVE; expected TARFLOW for an inverse pass",
        () -> graph(config.autoregressiveTwin(), Map.of(), Sampling.DEFAULT, false));
  }

  static SameDiff graph(TarFlowConfig config, Map<String, INDArray> parameters, Sampling sampling, boolean prompt) {
    SameDiff sd = SameDiff.create();
    sd.setArrayHolders(new SingleThreadArrayHolder(), new SingleThreadArrayHolder(), false); // other graphs hold copies
    InverseGraph.build(sd, config, DataType.DOUBLE, parameters, sampling, prompt);
    return sd;
  }

  static Map<String, INDArray> arrays(TarFlowConfig config, Map<String, float[]> values) {
    Map<String, INDArray> arrays = new LinkedHashMap<>();
    ParameterShapes.of(config).forEach((name, shape) -> arrays.put(name, Nd4j.create(values.get(name), shape, 'c')));
    return arrays;
  }

  static double[][] noise(int batch, int length) {
    Random random = new Random(3);
    return random.doubles(batch).mapToObj(b -> random.ints(length).mapToDouble(i -> random.nextGaussian()).toArray())
        .toArray(double[][]::new);
  }

  static INDArray array(double[][] sequences, TarFlowConfig config) {
    return Nd4j.createFromArray(sequences).reshape(sequences.length, sequences[0].length / config.channels(), config.channels());
  }

  private static void assertMessage(String expected, Executable action) {
    Throwable thrown = assertThrows(RuntimeException.class, action);
    assertEquals(expected, thrown.getMessage(), () -> Arrays.toString(thrown.getStackTrace()));
  }
}
