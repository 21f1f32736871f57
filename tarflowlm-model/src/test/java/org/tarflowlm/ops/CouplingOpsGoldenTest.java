package org.tarflowlm.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.coupling.Errors;
import org.tarflowlm.coupling.Golden;
import org.tarflowlm.coupling.Normal;
import org.tarflowlm.ops.AffineOps.AffineLogDensityOp;
import org.tarflowlm.ops.AffineOps.AffineOp;
import org.tarflowlm.ops.CodebookOps.EncodeOp;
import org.tarflowlm.ops.CodebookOps.VaeTermOp;
import org.tarflowlm.ops.MixtureCdfOps.MixtureCdfLogDensityOp;
import org.tarflowlm.ops.MixtureCdfOps.MixtureCdfOp;
import org.tarflowlm.ops.RosenblattOps.RosenblattLogDensityOp;
import org.tarflowlm.ops.RosenblattOps.RosenblattOp;

/** Compares the coupling ops inside SameDiff graphs with the golden vectors, in both precisions, including gradients. */
class CouplingOpsGoldenTest {
  @BeforeAll
  static void register() {
    Ops.register();
  }

  private static List<Arguments> bothPrecisions(String file) {
    List<Arguments> result = new ArrayList<>();
    for (Golden.Case c : Golden.cases(file)) {
      result.add(Arguments.of(DataType.FLOAT, c));
      result.add(Arguments.of(DataType.DOUBLE, c));
    }
    return result;
  }

  static List<Arguments> mix1() {
    return bothPrecisions("mix1");
  }

  static List<Arguments> mixd() {
    return bothPrecisions("mixd");
  }

  static List<Arguments> affine() {
    return bothPrecisions("affine");
  }

  static List<Arguments> codebook() {
    return bothPrecisions("codebook");
  }

  /** A graph, its parameters, and a gradient for each. */
  private static final class Graph {
    final SameDiff sd = SameDiff.create();
    final DataType type;

    Graph(DataType type) {
      this.type = type;
    }

    SDVariable variable(String name, double[] values, long... shape) {
      return sd.var(name, array(values, shape));
    }

    SDVariable constant(String name, double[] values, long... shape) {
      return sd.constant(name, array(values, shape));
    }

    INDArray array(double[] values, long... shape) {
      return Nd4j.createFromArray(values).reshape(shape).castTo(type);
    }

    double[] value(SDVariable variable) {
      return sd.outputSingle(Map.of(), variable.name()).dup('c').castTo(DataType.DOUBLE).data().asDouble();
    }

    Map<String, INDArray> gradients(SDVariable loss, String... names) {
      loss.markAsLoss();
      return sd.calculateGradients(Map.of(), names);
    }

    static double[] numbers(INDArray array) {
      return array.castTo(DataType.DOUBLE).dup('c').data().asDouble();
    }
  }

  /** sum(a u) + sum(b logDet). */
  private static SDVariable loss(SDVariable u, SDVariable a, SDVariable logDet, SDVariable b) {
    return u.mul(a).sum().add(logDet.mul(b).sum());
  }

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
    Graph graph = new Graph(type);
    long n = c.size("N") / 2;
    long k = c.size("K");
    SDVariable z = graph.variable("z", c.input("z"), 1, n, 2);
    SDVariable theta = graph.variable("theta", c.packed("inputs"), 1, n, 2, 3 * k);
    SDVariable a = graph.constant("a", c.input("a"), 1, n, 2);
    SDVariable b = graph.constant("b", c.input("b"), 1, n, 2);
    SDVariable[] outputs = new MixtureCdfOp().in(graph.sd, z, theta);
    SDVariable logDensity = new MixtureCdfLogDensityOp().in(graph.sd, z, theta)[0];
    boolean single = type == DataType.FLOAT;
    checkOutputs(new Errors(c, single ? 2e-6 : 1e-12, single ? 1e-6 : 1e-11), graph, outputs, logDensity);
    Map<String, INDArray> gradients = graph.gradients(loss(outputs[0], a, outputs[1], b), "z", "theta");
    Errors.gradientByRows(gradientTolerance(type, c.name()), c.size("N"),
        new double[][] {c.numbers("grads", "z"), c.packed("grads")},
        new double[][] {Graph.numbers(gradients.get("z")), Graph.numbers(gradients.get("theta"))});
  }

  private static void checkOutputs(Errors errors, Graph graph, SDVariable[] outputs, SDVariable logDensity) {
    double[] u = graph.value(outputs[0]);
    for (int i = 0; i < u.length; i++) {
      errors.u(i, u[i]);
    }
    double[] logDet = graph.value(outputs[1]);
    double[] logDensities = graph.value(logDensity);
    for (int i = 0; i < logDet.length; i++) {
      errors.logDet(i, logDet[i]);
      errors.logDensity(i, logDensities[i]);
    }
  }

  @ParameterizedTest
  @MethodSource("mixd")
  void rosenblatt(DataType type, Golden.Case c) {
    Graph graph = new Graph(type);
    long n = c.size("N") / 2;
    long k = c.size("K");
    long d = c.size("d");
    SDVariable z = graph.variable("z", c.input("z"), 2, n, d);
    SDVariable logits = graph.variable("logits", c.input("logits"), 2, n, k);
    SDVariable means = graph.variable("means", c.input("means"), k, d);
    SDVariable logScales = graph.variable("log_scale", c.input("log_scale"), k);
    SDVariable a = graph.constant("a", c.input("a"), 2, n, d);
    SDVariable b = graph.constant("b", c.input("b"), 2, n);
    SDVariable[] outputs = new RosenblattOp().in(graph.sd, z, logits, means, logScales);
    SDVariable logDensity = new RosenblattLogDensityOp().in(graph.sd, z, logits, means, logScales)[0];
    boolean narrow = c.name().startsWith("text8_like") || c.name().startsWith("narrow");
    double uTolerance = narrow || c.name().startsWith("off_codebook") ? 5e-4 : 2e-6;
    boolean single = type == DataType.FLOAT;
    Errors errors = new Errors(c, single ? uTolerance : 1e-11, single ? (narrow ? 5e-5 : 1e-6) : 1e-11);
    checkOutputs(errors, graph, outputs, logDensity);
    String[] names = {"z", "logits", "means", "log_scale"};
    Map<String, INDArray> gradients = graph.gradients(loss(outputs[0], a, outputs[1], b), names);
    for (String name : names) {
      Errors.gradient(gradientTolerance(type, c.name()), c.numbers("grads", name), Graph.numbers(gradients.get(name)));
    }
  }

  @ParameterizedTest
  @MethodSource("affine")
  void affine(DataType type, Golden.Case c) {
    Graph graph = new Graph(type);
    long n = c.size("N");
    long d = c.size("d");
    double[][] inputs = {c.input("shift"), c.input("log_scale")};
    double[][] expected = {c.numbers("grads", "shift"), c.numbers("grads", "log_scale")};
    SDVariable z = graph.variable("z", c.input("z"), n, d);
    SDVariable theta = graph.variable("theta", interleave(inputs), n, d, 2);
    SDVariable a = graph.constant("a", c.input("a"), n, d);
    SDVariable b = graph.constant("b", c.input("b"), n, d);
    SDVariable[] outputs = new AffineOp().in(graph.sd, z, theta);
    boolean single = type == DataType.FLOAT;
    Errors errors = new Errors(c, single ? 2e-6 : 1e-12, 1e-6);
    double[] u = graph.value(outputs[0]);
    double[] logDet = graph.value(outputs[1]);
    double[] logDensity = graph.value(new AffineLogDensityOp().in(graph.sd, z, theta)[0]);
    for (int i = 0; i < u.length; i++) {
      errors.u(i, u[i]);
      errors.logDet(i, logDet[i]);
      double density = -0.5 * u[i] * u[i] + logDet[i] - 0.5 * Math.log(2 * Math.PI);
      assertEquals(density, logDensity[i], (single ? 1e-6 : 1e-11) * Math.max(1, Math.abs(density)));
    }
    Map<String, INDArray> gradients = graph.gradients(loss(outputs[0], a, outputs[1], b), "z", "theta");
    Errors.gradientByRows(gradientTolerance(type, c.name()), (int) n,
        new double[][] {c.numbers("grads", "z"), interleave(expected)},
        new double[][] {Graph.numbers(gradients.get("z")), Graph.numbers(gradients.get("theta"))});
  }

  private static double[] interleave(double[][] columns) {
    double[] result = new double[2 * columns[0].length];
    for (int i = 0; i < result.length; i++) {
      result[i] = columns[i % 2][i / 2];
    }
    return result;
  }

  @ParameterizedTest
  @MethodSource("codebook")
  void codebook(DataType type, Golden.Case c) {
    Graph graph = new Graph(type);
    long n = c.size("N");
    long d = c.size("d");
    long v = c.size("V");
    SDVariable means = graph.variable("means", c.input("means"), v, d);
    SDVariable logScales = graph.variable("log_scale", c.input("log_scale"), v);
    SDVariable noise = graph.constant("noise", c.input("noise"), n, d);
    SDVariable ids = graph.sd.constant("ids", Nd4j.createFromArray(c.input("tokens")).castTo(DataType.INT32));
    SDVariable z = new EncodeOp().in(graph.sd, noise, means, logScales, ids)[0];
    double tolerance = type == DataType.DOUBLE ? 1e-12 : c.name().equals("narrow") ? 1e-4 : 2e-6;
    Errors.relative(tolerance, c.output("encoded"), graph.value(z));
    SDVariable fixed = graph.variable("z", c.input("z"), n, d);
    SDVariable term = new VaeTermOp().in(graph.sd, fixed, means, logScales)[0];
    SDVariable logPosterior = logPosterior(graph.sd, fixed, means, logScales, term);
    Errors.relative(tolerance, c.output("vae_term"), graph.value(term));
    checkGradients(graph, c, loss(logPosterior, graph.constant("A", c.input("A"), n, v), term, graph.constant("b", c.input("b"), n)),
        "grads", "z", "means", "log_scale");
  }

  @ParameterizedTest
  @MethodSource("codebook")
  void gradientThroughEncode(DataType type, Golden.Case c) {
    Graph graph = new Graph(type);
    long n = c.size("N");
    long d = c.size("d");
    long v = c.size("V");
    SDVariable means = graph.variable("means", c.input("means"), v, d);
    SDVariable logScales = graph.variable("log_scale", c.input("log_scale"), v);
    SDVariable noise = graph.constant("noise", c.input("noise"), n, d);
    SDVariable ids = graph.sd.constant("ids", Nd4j.createFromArray(c.input("tokens")).castTo(DataType.INT32));
    SDVariable z = new EncodeOp().in(graph.sd, noise, means, logScales, ids)[0];
    SDVariable term = new VaeTermOp().in(graph.sd, z, means, logScales)[0];
    SDVariable logPosterior = logPosterior(graph.sd, z, means, logScales, term);
    checkGradients(graph, c, loss(logPosterior, graph.constant("A", c.input("A"), n, v), term, graph.constant("b", c.input("b"), n)),
        "grads_through_encode", "means", "log_scale");
  }

  /** log p(k | z) = log N_k(z) + the VAE term [N, V]. */
  private static SDVariable logPosterior(SameDiff sd, SDVariable z, SDVariable means, SDVariable logScales, SDVariable term) {
    SDVariable x = sd.expandDims(z, 1).sub(sd.expandDims(means, 0));
    SDVariable distance = x.mul(x).sum(2).mul(sd.math().exp(logScales.mul(-2.0)));
    long d = means.getShape()[1];
    return distance.mul(-0.5).sub(logScales.mul(d)).sub(d * Normal.LOG_SQRT_2PI).add(sd.expandDims(term, 1));
  }

  private static void checkGradients(Graph graph, Golden.Case c, SDVariable loss, String group, String... names) {
    Map<String, INDArray> gradients = graph.gradients(loss, names);
    for (String name : names) {
      Errors.gradient(gradientTolerance(graph.type, c.name()), c.numbers(group, name), Graph.numbers(gradients.get(name)));
    }
  }
}
