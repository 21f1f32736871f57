package org.tarflowlm.coupling.batch;

import org.tarflowlm.coupling.Codebook;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.MixtureCdf;
import org.tarflowlm.coupling.MixtureRosenblatt;
import org.tarflowlm.coupling.Workspace;

/**
 * Computes single rows of float arrays in double precision, where single precision does not suffice, and converts there and back.
 * Arguments are those of the batch couplings, plus the row's index. One instance per thread.
 */
public final class RowInDouble {
  private final Workspace workspace = new Workspace();
  /** [logits K | z d | room for d more], or the 3K numbers of a scalar mixture. */
  private double[] in = new double[0];
  private double[] out = new double[0];

  /** {@link MixtureRosenblatt#forward}. */
  public void forward(float[] z, float[] logits, int row, Components c, float[] u, float[] logDet) {
    load(z, logits, row, c);
    MixtureRosenblatt.forward(in, c.count(), in, 0, c, out, 0, workspace);
    store(out, 0, u, row * c.dims(), c.dims());
    logDet[row] = (float) workspace.logDet();
  }

  /** {@link MixtureRosenblatt#logDensity}. */
  public void logDensity(float[] z, float[] logits, int row, Components c, float[] logDensity) {
    load(z, logits, row, c);
    logDensity[row] = (float) MixtureRosenblatt.logDensity(in, c.count(), in, 0, c, workspace);
  }

  /** {@link MixtureRosenblatt#gradient}. */
  public void gradient(float[] z, float[] logits, int row, Components c, float[] a, float[] b, float[] dz, float[] dLogits,
      double[] dMeans, double[] dLogScales) {
    load(z, logits, row, c);
    int k = c.count();
    int dims = c.dims();
    widen(a, row * dims, k + dims, dims);
    MixtureRosenblatt.gradient(in, k, in, 0, c, in, k + dims, b[row], out, k, out, 0, dMeans, dLogScales, workspace);
    store(out, 0, dLogits, row * k, k);
    store(out, k, dz, row * dims, dims);
  }

  /** {@link MixtureRosenblatt#logDensityGradient}. */
  public void logDensityGradient(float[] z, float[] logits, int row, Components c, float[] b, float[] dz, float[] dLogits,
      double[] dMeans, double[] dLogScales) {
    load(z, logits, row, c);
    int k = c.count();
    MixtureRosenblatt.logDensityGradient(in, k, in, 0, c, b[row], out, k, out, 0, dMeans, dLogScales, workspace);
    store(out, 0, dLogits, row * k, k);
    store(out, k, dz, row * c.dims(), c.dims());
  }

  /** {@link Codebook#vaeTerm}. */
  public float vaeTerm(float[] z, int row, Components codes) {
    ensure(codes.dims(), 0);
    widen(z, row * codes.dims(), 0, codes.dims());
    return (float) Codebook.vaeTerm(in, 0, codes, workspace);
  }

  /** {@link Codebook#vaeTermGradient}. */
  public void vaeTermGradient(float[] z, int row, Components codes, float b, float[] dz, double[] dMeans, double[] dLogScales) {
    int dims = codes.dims();
    ensure(dims, dims);
    widen(z, row * dims, 0, dims);
    Codebook.vaeTermGradient(in, 0, codes, b, out, 0, dMeans, dLogScales, workspace);
    store(out, 0, dz, row * dims, dims);
  }

  /** {@link MixtureCdf#forward(double, double[], int, double[], Workspace)} of a scalar z; returns u and sets log |du/dz|. */
  float mixtureCdf(float z, float[] theta, int row, int k) {
    loadMixture(theta, row, k);
    return (float) MixtureCdf.forward(z, in, k, out, workspace);
  }

  /** {@link MixtureCdf#logDensity(double, double[], int, double[], Workspace)} of a scalar z. */
  float mixtureCdfLogDensity(float z, float[] theta, int row, int k) {
    loadMixture(theta, row, k);
    return (float) MixtureCdf.logDensity(z, in, k, out, workspace);
  }

  float logDet() {
    return (float) workspace.logDet();
  }

  /** The {@code i}th number that the last scalar mixture saved for its gradient. */
  float saved(int i) {
    return (float) out[i];
  }

  private void loadMixture(float[] theta, int row, int k) {
    ensure(3 * k, MixtureCdf.savedTerms(k));
    widen(theta, row * 3 * k, 0, 3 * k);
  }

  private void load(float[] z, float[] logits, int row, Components c) {
    int k = c.count();
    int dims = c.dims();
    ensure(k + 2 * dims, k + dims);
    widen(logits, row * k, 0, k);
    widen(z, row * dims, k, dims);
  }

  private void ensure(int inputs, int outputs) {
    in = in.length < inputs ? new double[inputs] : in;
    out = out.length < outputs ? new double[outputs] : out;
  }

  private void widen(float[] source, int from, int to, int n) {
    for (int i = 0; i < n; i++) {
      in[to + i] = source[from + i];
    }
  }

  private static void store(double[] source, int from, float[] target, int to, int n) {
    for (int i = 0; i < n; i++) {
      target[to + i] = (float) source[from + i];
    }
  }
}
