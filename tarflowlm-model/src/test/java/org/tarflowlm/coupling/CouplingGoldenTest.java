package org.tarflowlm.coupling;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Compares the coupling classes with the golden vectors, at the float64 tolerances in their README. */
class CouplingGoldenTest {
  private final Workspace w = new Workspace();

  static List<Golden.Case> mix1() {
    return Golden.cases("mix1");
  }

  static List<Golden.Case> mixd() {
    return Golden.cases("mixd");
  }

  static List<Golden.Case> affine() {
    return Golden.cases("affine");
  }

  static List<Golden.Case> codebook() {
    return Golden.cases("codebook");
  }

  @ParameterizedTest
  @MethodSource("mix1")
  void mixtureCdf(Golden.Case c) {
    int k = c.size("K");
    double[] z = c.input("z");
    double[] theta = c.packed("inputs");
    double[] a = c.input("a");
    double[] b = c.input("b");
    double[] dz = new double[z.length];
    double[] dTheta = new double[theta.length];
    Errors errors = new Errors(c);
    for (int i = 0; i < z.length; i++) {
      double u = MixtureCdf.forward(z[i], theta, 3 * k * i, k, w);
      errors.u(i, u);
      errors.logDensity(i, w.logDensity());
      errors.logDet(i, w.logDet());
      errors.logDensity(i, MixtureCdf.logDensity(z[i], theta, 3 * k * i, k, w));
      dz[i] = MixtureCdf.gradient(z[i], theta, 3 * k * i, k, a[i], b[i], dTheta, 3 * k * i, w);
    }
    Errors.gradientByRows(c.name().startsWith("extreme") ? 1e-9 : 1e-11, z.length,
        new double[][] {c.numbers("grads", "z"), c.packed("grads")}, new double[][] {dz, dTheta});
  }

  @ParameterizedTest
  @MethodSource("mix1")
  void mixtureCdfInverse(Golden.Case c) {
    int k = c.size("K");
    double[] theta = c.packed("inputs");
    double[] u = c.numbers("inverse", "u");
    double[] z = new double[u.length];
    double[] again = new double[u.length];
    for (int i = 0; i < u.length; i++) {
      z[i] = MixtureCdf.inverse(u[i], theta, 3 * k * i, k, w);
      again[i] = MixtureCdf.forward(z[i], theta, 3 * k * i, k, w);
    }
    Errors.relative(1e-11, u, again);
    if (!c.name().startsWith("gaps")) {
      Errors.inverse(1e-9, 100, c.numbers("inverse", "z"), c.numbers("inverse", "dz_du"), z);
    }
  }

  @ParameterizedTest
  @MethodSource("mixd")
  void rosenblatt(Golden.Case c) {
    int n = c.size("N");
    int k = c.size("K");
    int d = c.size("d");
    Components components = new Components(c.input("means"), c.input("log_scale"), k, d);
    double[] z = c.input("z");
    double[] logits = c.input("logits");
    double[] u = new double[n * d];
    double[] dz = new double[n * d];
    double[] dLogits = new double[n * k];
    double[] dMeans = new double[k * d];
    double[] dLogScales = new double[k];
    double[] a = c.input("a");
    double[] b = c.input("b");
    Errors errors = new Errors(c);
    for (int i = 0; i < n; i++) {
      MixtureRosenblatt.forward(z, i * d, logits, i * k, components, u, i * d, w);
      for (int j = i * d; j < (i + 1) * d; j++) {
        errors.u(j, u[j]);
      }
      errors.logDensity(i, w.logDensity());
      errors.logDet(i, w.logDet());
      errors.logDensity(i, MixtureRosenblatt.logDensity(z, i * d, logits, i * k, components, w));
      MixtureRosenblatt.gradient(
          z, i * d, logits, i * k, components, a, i * d, b[i], dz, i * d, dLogits, i * k, dMeans, dLogScales, w);
    }
    double[] meansGradient = new double[k * d];
    Components.transpose(dMeans, 0, k, d, meansGradient);
    Errors.gradient(1e-11, c.numbers("grads", "z"), dz);
    Errors.gradient(1e-11, c.numbers("grads", "logits"), dLogits);
    Errors.gradient(1e-11, c.numbers("grads", "means"), meansGradient);
    Errors.gradient(1e-11, c.numbers("grads", "log_scale"), dLogScales);
  }

  @ParameterizedTest
  @MethodSource("mixd")
  void rosenblattInverse(Golden.Case c) {
    int k = c.size("K");
    int d = c.size("d");
    Components components = new Components(c.input("means"), c.input("log_scale"), k, d);
    double[] logits = c.input("logits");
    double[] u = c.numbers("inverse", "u");
    double[] z = new double[u.length];
    double[] again = new double[u.length];
    for (int i = 0; i < c.size("N"); i++) {
      MixtureRosenblatt.inverse(u, i * d, logits, i * k, components, z, i * d, w);
      MixtureRosenblatt.forward(z, i * d, logits, i * k, components, again, i * d, w);
    }
    Errors.relative(1e-11, u, again);
  }

  @ParameterizedTest
  @MethodSource("affine")
  void affine(Golden.Case c) {
    double[] z = c.input("z");
    double[] shift = c.input("shift");
    double[] logScale = c.input("log_scale");
    double[] a = c.input("a");
    double[] b = c.input("b");
    double[][] gradients = new double[3][z.length];
    double[] dTheta = new double[2];
    Errors errors = new Errors(c);
    for (int i = 0; i < z.length; i++) {
      errors.u(i, Affine.forward(z[i], shift[i], logScale[i]));
      assertEquals(c.output("logdet")[i], Affine.logDet(logScale[i]), 1e-15);
      gradients[0][i] = Affine.gradient(z[i], shift[i], logScale[i], a[i], b[i], dTheta, 0);
      gradients[1][i] = dTheta[0];
      gradients[2][i] = dTheta[1];
      double expected = c.numbers("inverse", "z")[i];
      double got = Affine.inverse(c.numbers("inverse", "u")[i], shift[i], logScale[i]);
      assertEquals(expected, got, 1e-9 * Math.max(1, Math.abs(expected)));
    }
    Errors.gradientByRows(1e-11, c.size("N"),
        new double[][] {c.numbers("grads", "z"), c.numbers("grads", "shift"), c.numbers("grads", "log_scale")}, gradients);
  }

  @ParameterizedTest
  @MethodSource("codebook")
  void codebook(Golden.Case c) {
    int n = c.size("N");
    int v = c.size("V");
    int d = c.size("d");
    Components codes = new Components(c.input("means"), c.input("log_scale"), v, d);
    double[] z = c.input("z");
    double[] tokens = c.input("tokens");
    double[] encoded = new double[n * d];
    double[] logDensities = new double[n * v];
    double[] logPosterior = new double[n * v];
    double[] vaeTerm = new double[n];
    double[] decoded = c.output("decoded");
    for (int i = 0; i < n; i++) {
      Codebook.encode((int) tokens[i], c.input("noise"), i * d, codes, encoded, i * d);
      Codebook.logDensities(z, i * d, codes, logDensities, i * v, w);
      Codebook.logPosterior(z, i * d, codes, logPosterior, i * v, w);
      vaeTerm[i] = Codebook.vaeTerm(z, i * d, codes, w);
      assertEquals((int) decoded[i], Codebook.decode(z, i * d, codes, w));
    }
    Errors.relative(1e-12, c.output("encoded"), encoded);
    Errors.relative(1e-12, c.output("log_density"), logDensities);
    Errors.relative(1e-12, c.output("log_posterior"), logPosterior);
    Errors.relative(1e-12, c.output("vae_term"), vaeTerm);
    gradients(c, codes, z, false);
    gradients(c, codes, encoded, true);
  }

  /** Gradient of sum_k a_k log p(k | z); only the golden numbers need it. */
  private void logPosteriorGradient(double[] z, int at, Components codes, double[] a, int aAt, double[] dz, double[] dMeans,
      double[] dLogScales) {
    int v = codes.count();
    double[] logPosterior = new double[v];
    Codebook.logPosterior(z, at, codes, logPosterior, 0, w);
    double total = Arrays.stream(a, aAt, aAt + v).sum();
    for (int k = 0; k < v; k++) {
      double adjoint = a[aAt + k] - total * Math.exp(logPosterior[k]);
      dLogScales[k] -= codes.dims() * adjoint;
      for (int i = 0; i < codes.dims(); i++) {
        double x = (z[at + i] - codes.means[i * v + k]) / codes.scales[k];
        dMeans[i * v + k] += adjoint * x / codes.scales[k];
        dLogScales[k] += adjoint * x * x;
        dz[at + i] -= adjoint * x / codes.scales[k];
      }
    }
  }

  /** Gradients at fixed z, or through the encoder. */
  private void gradients(Golden.Case c, Components codes, double[] z, boolean throughEncode) {
    int n = c.size("N");
    int v = c.size("V");
    int d = c.size("d");
    double[] a = c.input("A");
    double[] b = c.input("b");
    double[] tokens = c.input("tokens");
    double[] dz = new double[n * d];
    double[] other = new double[n * d];
    double[] dMeans = new double[v * d];
    double[] dLogScales = new double[v];
    for (int i = 0; i < n; i++) {
      logPosteriorGradient(z, i * d, codes, a, i * v, dz, dMeans, dLogScales);
      Codebook.vaeTermGradient(z, i * d, codes, b[i], other, i * d, dMeans, dLogScales, w);
      for (int j = i * d; j < (i + 1) * d; j++) {
        dz[j] += other[j];
      }
      if (throughEncode) {
        Codebook.encodeGradient((int) tokens[i], c.input("noise"), dz, i * d, codes, other, dMeans, dLogScales);
      }
    }
    double[] meansGradient = new double[v * d];
    Components.transpose(dMeans, 0, v, d, meansGradient);
    String group = throughEncode ? "grads_through_encode" : "grads";
    if (!throughEncode) {
      Errors.gradient(1e-11, c.numbers(group, "z"), dz);
    }
    Errors.gradient(1e-11, c.numbers(group, "means"), meansGradient);
    Errors.gradient(1e-11, c.numbers(group, "log_scale"), dLogScales);
  }
}
