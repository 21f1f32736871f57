package org.tarflowlm.graph;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.TestModels;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.ops.Ops;

/** Compares couplings composed of stock ops with the kernels: values and every gradient. */
class ComposedCouplingsTest {
  private static final int BATCH = 3;
  private static final int MIXTURES = 4;

  @BeforeAll
  static void register() {
    Ops.register();
  }

  /** A coupling as a function of named inputs. The test weights and sums its outputs. */
  private interface Case {
    List<SDVariable> build(Couplings couplings, Map<String, SDVariable> in);
  }

  static Stream<Arguments> cases() {
    Map<String, Case> cases = new LinkedHashMap<>();
    cases.put("affine", (c, in) -> both(c.affine(in.get("x"), in.get("affine"))));
    cases.put("affine density", (c, in) -> List.of(c.affineLogDensity(in.get("x"), in.get("affine"))));
    cases.put("mixture CDF", (c, in) -> both(c.mixtureCdf(in.get("x"), in.get("mixture"), MIXTURES)));
    cases.put("mixture CDF density", (c, in) -> List.of(c.mixtureCdfLogDensity(in.get("x"), in.get("mixture"), MIXTURES)));
    cases.put("Rosenblatt", (c, in) -> both(c.rosenblatt(in.get("z"), in.get("logits"), Matrix.of(in.get("means")), in.get("logScales"))));
    cases.put("Rosenblatt density",
        (c, in) -> List.of(c.rosenblattLogDensity(in.get("z"), in.get("logits"), Matrix.of(in.get("means")), in.get("logScales"))));
    cases.put("moment matched", (c, in) -> both(c.momentMatched(in.get("z"), in.get("logits"), in.get("means"), in.get("logScales"))));
    cases.put("moment matched density",
        (c, in) -> List.of(c.momentMatchedLogDensity(in.get("z"), in.get("logits"), in.get("means"), in.get("logScales"))));
    cases.put("bounded log-scales", (c, in) -> List.of(c.boundLogScales(flat(in.get("mixture")), 3 * MIXTURES, MIXTURES, 0.7)));
    cases.put("encode", (c, in) -> List.of(c.encode(in.get("ids"), in.get("z"), in.get("means"), in.get("logScales"))));
    cases.put("VAE term", (c, in) -> List.of(c.vaeTerm(in.get("z"), in.get("means"), in.get("logScales"))));
    return cases.entrySet().stream().flatMap(entry -> Stream.of(DataType.DOUBLE, DataType.FLOAT).flatMap(type -> Stream.of(1, 2)
        .map(patch -> Arguments.of(entry.getKey(), type, patch, entry.getValue()))));
  }

  /** [.., D, 3K] as a network gives it, [.., D 3K]. */
  private static SDVariable flat(SDVariable theta) {
    long[] shape = theta.getShape();
    return theta.reshape(shape[0], shape[1], shape[2] * shape[3]);
  }

  private static List<SDVariable> both(Couplings.Coupled coupled) {
    return List.of(coupled.u(), coupled.logDeterminant());
  }

  @ParameterizedTest(name = "{0} {1} patches of {2}")
  @MethodSource("cases")
  void agreesWithTheKernels(String name, DataType type, int patch, Case build) {
    Map<String, double[]> expected = run(type, patch, KernelCouplings::new, build);
    check(type, expected, run(type, patch, sd -> new ComposedCouplings(sd, type, config(patch), TestModels.TOKENS), build));
    // cuts the components into slices of unequal sizes
    check(type, expected, run(type, patch, sd -> new ComposedCouplings(sd, type, config(patch), TestModels.TOKENS, 3), build));
  }

  private static TarFlowConfig config(int patch) {
    return TestModels.stack(patch, FlowSpec.tiedMixD(1, TestModels.VOCAB, Direction.LEFT_TO_RIGHT));
  }

  private static void check(DataType type, Map<String, double[]> expected, Map<String, double[]> found) {
    double tolerance = type == DataType.DOUBLE ? 1e-9 : 3e-4;
    assertEquals(expected.keySet(), found.keySet());
    expected.forEach((key, values) -> {
      double scale = 1.0;
      for (double value : values) {
        scale = Math.max(scale, Math.abs(value));
      }
      assertArrayEquals(values, found.get(key), tolerance * scale, key);
    });
  }

  private static Map<String, double[]> run(DataType type, int patch, Function<SameDiff, Couplings> couplings, Case build) {
    TarFlowConfig config = config(patch);
    int tokens = TestModels.TOKENS;
    int positions = tokens / patch;
    int dims = config.latentDim();
    int vocabulary = TestModels.VOCAB;
    Random random = new Random(8);
    SameDiff sd = SameDiff.create();
    Map<String, SDVariable> in = new LinkedHashMap<>();
    in.put("x", variable(sd, "x", type, random, 2.5, BATCH, positions, config.channels()));
    in.put("affine", variable(sd, "affine", type, random, 0.5, BATCH, positions, config.channels(), 2));
    in.put("mixture", variable(sd, "mixture", type, random, 0.8, BATCH, positions, config.channels(), 3 * MIXTURES));
    in.put("z", variable(sd, "z", type, random, 1.5, BATCH, tokens, dims));
    in.put("logits", variable(sd, "logits", type, random, 1.0, BATCH, tokens, vocabulary));
    in.put("means", variable(sd, "means", type, random, 1.0, vocabulary, dims));
    in.put("logScales", variable(sd, "logScales", type, random, 0.3, vocabulary));
    INDArray ids = TestModels.ids(5, BATCH, tokens);
    in.put("ids", sd.constant("ids", ids));
    List<SDVariable> outputs = build.build(couplings.apply(sd), in);
    Map<String, double[]> result = new HashMap<>();
    SDVariable loss = null;
    for (int i = 0; i < outputs.size(); i++) {
      SDVariable output = outputs.get(i).rename("output" + i);
      INDArray value = output.eval();
      result.put("output" + i, value.dup('c').castTo(DataType.DOUBLE).data().asDouble());
      SDVariable term = output.mul(sd.constant(random(type, random, 1.0, value.shape()))).sum();
      loss = loss == null ? term : loss.add(term);
    }
    loss.rename("loss");
    sd.setLossVariables("loss");
    sd.calculateGradients(Map.of(), in.entrySet().stream().filter(e -> !e.getKey().equals("ids")).map(Map.Entry::getKey).toList())
        .forEach((key, gradient) -> result.put("gradient of " + key, gradient == null ? new double[0]
            : gradient.dup('c').castTo(DataType.DOUBLE).data().asDouble()));
    return result;
  }

  private static SDVariable variable(SameDiff sd, String name, DataType type, Random random, double size, long... shape) {
    return sd.var(name, random(type, random, size, shape));
  }

  private static INDArray random(DataType type, Random random, double size, long... shape) {
    INDArray result = Nd4j.create(type, shape);
    for (int i = 0; i < result.length(); i++) {
      result.putScalar(i, size * random.nextGaussian());
    }
    return result;
  }
}
