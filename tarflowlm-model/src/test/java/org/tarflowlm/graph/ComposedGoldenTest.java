package org.tarflowlm.graph;

import java.util.List;
import java.util.Map;
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
import org.tarflowlm.config.CodebookSpec;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.coupling.Errors;
import org.tarflowlm.coupling.Golden;
import org.tarflowlm.ops.Ops;

/** Compares couplings composed of stock ops with the golden vectors, including tails and extreme tails, in both precisions. */
class ComposedGoldenTest {
  @BeforeAll
  static void register() {
    Ops.register();
  }

  private static Stream<Arguments> bothPrecisions(String file) {
    return Golden.cases(file).stream().flatMap(c -> Stream.of(DataType.FLOAT, DataType.DOUBLE).map(type -> Arguments.of(type, c)));
  }

  static Stream<Arguments> mix1() {
    return bothPrecisions("mix1");
  }

  static Stream<Arguments> mixd() {
    return bothPrecisions("mixd");
  }

  private static ComposedCouplings couplings(SameDiff sd, DataType type, int rows, int dims, int k) {
    return new ComposedCouplings(sd, type, new TarFlowConfig(ModelType.TARFLOW, Math.max(2, k), rows, dims, dims, 1, 1, null,
        List.of(FlowSpec.mix1(1, k, Direction.LEFT_TO_RIGHT)), CodebookSpec.defaults(), null, null, null), rows);
  }

  private static SDVariable variable(SameDiff sd, DataType type, String name, double[] values, long... shape) {
    return sd.var(name, array(type, values, shape));
  }

  private static INDArray array(DataType type, double[] values, long... shape) {
    return Nd4j.createFromArray(values).reshape(shape).castTo(type);
  }

  private static double[] numbers(INDArray array) {
    return array.castTo(DataType.DOUBLE).dup('c').data().asDouble();
  }

  private static void check(Errors errors, Couplings.Coupled coupled, SDVariable logDensity) {
    double[] u = numbers(coupled.u().eval());
    double[] logDet = numbers(coupled.logDeterminant().eval());
    double[] density = numbers(logDensity.eval());
    for (int i = 0; i < u.length; i++) {
      errors.u(i, u[i]);
    }
    for (int i = 0; i < logDet.length; i++) {
      errors.logDet(i, logDet[i]);
      errors.logDensity(i, density[i]);
    }
  }

  private static Map<String, INDArray> gradients(SameDiff sd, Golden.Case c, DataType type, Couplings.Coupled coupled, String... names) {
    SDVariable a = sd.constant("a", array(type, c.input("a"), coupled.u().eval().shape()));
    SDVariable b = sd.constant("b", array(type, c.input("b"), coupled.logDeterminant().eval().shape()));
    coupled.u().mul(a).sum().add(coupled.logDeterminant().mul(b).sum()).markAsLoss();
    return sd.calculateGradients(Map.of(), names);
  }

  /** The tolerances in the golden vectors' README, as for the kernels. */
  private static double gradientTolerance(DataType type, String name) {
    boolean extreme = name.startsWith("extreme");
    if (type == DataType.DOUBLE) {
      return extreme ? 1e-9 : 1e-11;
    }
    boolean hard = List.of("tails", "small_weights", "off_codebook", "narrow").stream().anyMatch(name::startsWith);
    return extreme ? 2e-2 : hard ? 2e-3 : 5e-5;
  }

  @ParameterizedTest
  @MethodSource("mix1")
  void mixtureCdf(DataType type, Golden.Case c) {
    int n = c.size("N");
    int k = c.size("K");
    SameDiff sd = SameDiff.create();
    SDVariable z = variable(sd, type, "z", c.input("z"), 1, n, 1);
    SDVariable theta = variable(sd, type, "theta", c.packed("inputs"), 1, n, 1, 3L * k);
    ComposedCouplings couplings = couplings(sd, type, n, 1, k);
    Couplings.Coupled coupled = couplings.mixtureCdf(z, theta, k);
    boolean single = type == DataType.FLOAT;
    check(new Errors(c, single ? 2e-6 : 1e-12, single ? 1e-6 : 1e-11), coupled, couplings.mixtureCdfLogDensity(z, theta, k));
    Map<String, INDArray> gradients = gradients(sd, c, type, coupled, "z", "theta");
    Errors.gradientByRows(gradientTolerance(type, c.name()), n, new double[][] {c.numbers("grads", "z"), c.packed("grads")},
        new double[][] {numbers(gradients.get("z")), numbers(gradients.get("theta"))});
  }

  @ParameterizedTest
  @MethodSource("mixd")
  void rosenblatt(DataType type, Golden.Case c) {
    int n = c.size("N");
    int k = c.size("K");
    int d = c.size("d");
    SameDiff sd = SameDiff.create();
    SDVariable z = variable(sd, type, "z", c.input("z"), 1, n, d);
    SDVariable logits = variable(sd, type, "logits", c.input("logits"), 1, n, k);
    SDVariable means = variable(sd, type, "means", c.input("means"), k, d);
    SDVariable logScales = variable(sd, type, "log_scale", c.input("log_scale"), k);
    ComposedCouplings couplings = couplings(sd, type, n, d, k);
    Couplings.Coupled coupled = couplings.rosenblatt(z, logits, Matrix.of(means), logScales);
    boolean narrow = c.name().startsWith("text8_like") || c.name().startsWith("narrow");
    boolean single = type == DataType.FLOAT;
    double uTolerance = narrow || c.name().startsWith("off_codebook") ? 5e-4 : 2e-6;
    check(new Errors(c, single ? uTolerance : 1e-11, single ? narrow ? 5e-5 : 1e-6 : 1e-11), coupled,
        couplings.rosenblattLogDensity(z, logits, Matrix.of(means), logScales));
    String[] names = {"z", "logits", "means", "log_scale"};
    Map<String, INDArray> gradients = gradients(sd, c, type, coupled, names);
    for (String name : names) {
      Errors.gradient(gradientTolerance(type, c.name()), c.numbers("grads", name), numbers(gradients.get(name)));
    }
  }
}
