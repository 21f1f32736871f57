package org.tarflowlm.graph;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.stock.MixtureTerms;
import org.tarflowlm.stock.NormalQuantile;
import org.tarflowlm.stock.NormalTail;

/**
 * The couplings composed of stock ops, for any backend; accurate to the graph's own type, even in the tails. A row is a scalar for the
 * affine and mixture-CDF couplings, and a token for the others.
 */
final class ComposedCouplings implements Couplings {
  private static final int ROW = 1;

  private final SameDiff sd;
  private final DataType type;
  private final int tokens;
  private final TarFlowConfig config;
  private final int slices;

  /** @param tokens T, tokens in the graph's windows */
  ComposedCouplings(SameDiff sd, DataType type, TarFlowConfig config, int tokens) {
    this(sd, type, config, tokens, 0);
  }

  /** @param slices number of slices in which components are processed; 0 to choose it by their number */
  ComposedCouplings(SameDiff sd, DataType type, TarFlowConfig config, int tokens, int slices) {
    this.sd = sd;
    this.type = type;
    this.config = config;
    this.tokens = tokens;
    this.slices = slices;
  }

  @Override
  public Coupled affine(SDVariable x, SDVariable theta) {
    SDVariable[] parts = columns(theta.reshape(-1, 2), 2);
    SDVariable u = x.reshape(-1, 1).sub(parts[0]).mul(sd.math().exp(parts[1].neg()));
    return new Coupled(channels(u), channels(parts[1].neg()));
  }

  @Override
  public SDVariable affineLogDensity(SDVariable x, SDVariable theta) {
    Coupled coupled = affine(x, theta);
    return NormalTail.logPdf(coupled.u()).add(coupled.logDeterminant());
  }

  @Override
  public Coupled mixtureCdf(SDVariable x, SDVariable theta, int k) {
    Coupled rows = coupled(scalars(x, theta, k, true), 1);
    return new Coupled(channels(rows.u()), channels(rows.logDeterminant()));
  }

  @Override
  public SDVariable mixtureCdfLogDensity(SDVariable x, SDVariable theta, int k) {
    return channels(scalars(x, theta, k, false).logDensity().sub(NormalTail.LOG_SQRT_2PI));
  }

  private MixtureTerms.Sums scalars(SDVariable x, SDVariable theta, int k, boolean tails) {
    SDVariable[] parts = columns(theta.reshape(-1, 3L * k), 3);
    return MixtureTerms.own(x.reshape(-1, 1), parts[0], parts[1], parts[2], k, tails);
  }

  @Override
  public Coupled rosenblatt(SDVariable z, SDVariable logits, Matrix means, SDVariable logScales) {
    Coupled rows = coupled(tokens(z, logits, means, logScales, true), means.out());
    return new Coupled(rows.u().reshape(-1, tokens, means.out()), rows.logDeterminant().reshape(-1, tokens));
  }

  @Override
  public SDVariable rosenblattLogDensity(SDVariable z, SDVariable logits, Matrix means, SDVariable logScales) {
    return tokens(z, logits, means, logScales, false).logDensity().sub(means.out() * NormalTail.LOG_SQRT_2PI).reshape(-1, tokens);
  }

  private MixtureTerms.Sums tokens(SDVariable z, SDVariable logits, Matrix means, SDVariable logScales, boolean tails) {
    int count = means.in();
    int dims = means.out();
    return MixtureTerms.shared(z.reshape(-1, dims), logits == null ? null : logits.reshape(-1, count), means.value(), logScales, count,
        dims, tails, slices > 0 ? slices : MixtureTerms.slices(tokens, dims, count));
  }

  /** u = Phi^-1(F), and log p - log phi(u), where log sqrt(2 pi) cancels. */
  private static Coupled coupled(MixtureTerms.Sums sums, int dims) {
    SDVariable u = NormalQuantile.of(sums.logTails()).mul(sums.signs());
    SDVariable halfSquares = u.mul(u).mul(0.5);
    return new Coupled(u, sums.logDensity().add(dims == 1 ? halfSquares : halfSquares.sum(true, ROW)));
  }

  @Override
  public Coupled momentMatched(SDVariable z, SDVariable logits, SDVariable means, SDVariable logScales) {
    int count = count(means);
    int dims = config.latentDim();
    SDVariable[] coordinates = columns(z.reshape(-1, dims), dims);
    SDVariable[] centres = columns(means, dims);
    SDVariable scales = logScales.reshape(1, count);
    SDVariable variances = sd.math().exp(scales.mul(2));
    SDVariable logWeights = logits.reshape(-1, count);
    SDVariable[] u = new SDVariable[dims];
    SDVariable logDeterminant = null;
    for (int i = 0; i < dims; i++) {
      SDVariable centre = centres[i].reshape(1, count);
      SDVariable weights = sd.math().exp(sd.nn().logSoftmax(logWeights));
      SDVariable shift = weights.mul(centre).sum(true, ROW);
      SDVariable offset = shift.mul(-1).add(centre);
      SDVariable variance = weights.mul(offset.mul(offset).add(variances)).sum(true, ROW);
      SDVariable logScale = sd.math().log(variance).mul(0.5);
      u[i] = coordinates[i].sub(shift).mul(sd.math().exp(logScale.neg()));
      logDeterminant = logDeterminant == null ? logScale.neg() : logDeterminant.sub(logScale);
      logWeights = joint(logWeights, standardize(coordinates[i], centre, scales), scales);
    }
    return new Coupled((dims == 1 ? u[0] : sd.concat(ROW, u)).reshape(-1, tokens, dims), logDeterminant.reshape(-1, tokens));
  }

  @Override
  public SDVariable boundLogScales(SDVariable raw, int outputs, int k, double bound) {
    INDArray isScale = Nd4j.zeros(type, 1, outputs);
    for (int j = outputs - k; j < outputs; j++) {
      isScale.putScalar(0, j, 1.0);
    }
    SDVariable rows = raw.reshape(-1, outputs);
    SDVariable change = sd.math().tanh(rows.mul(1 / bound)).mul(bound).sub(rows);
    return rows.add(change.mul(sd.constant(isScale))).reshape(-1, positions(), config.channels(), outputs);
  }

  @Override
  public SDVariable encode(SDVariable ids, SDVariable noise, SDVariable means, SDVariable logScales) {
    int count = count(means);
    int dims = config.latentDim();
    SDVariable chosen = sd.oneHot(ids, count, -1, 1.0, 0.0, type).reshape(-1, count);
    SDVariable scale = sd.math().exp(chosen.mmul(logScales.reshape(count, 1)));
    return chosen.mmul(means).add(noise.reshape(-1, dims).mul(scale)).reshape(-1, tokens, dims);
  }

  @Override
  public SDVariable vaeTerm(SDVariable z, SDVariable means, SDVariable logScales) {
    return rosenblattLogDensity(z, null, Matrix.of(means), logScales).neg();
  }

  private SDVariable standardize(SDVariable z, SDVariable means, SDVariable logScales) {
    return z.sub(means).mul(sd.math().exp(logScales.neg()));
  }

  /** log w_k + log N(z; m_k, s_k^2) + log sqrt(2 pi). */
  private static SDVariable joint(SDVariable logWeights, SDVariable standard, SDVariable logScales) {
    return logWeights.sub(logScales).sub(standard.mul(standard).mul(0.5));
  }

  private SDVariable[] columns(SDVariable rows, int parts) {
    return parts == 1 ? new SDVariable[] {rows} : sd.split(rows, parts, ROW);
  }

  private SDVariable channels(SDVariable scalars) {
    return scalars.reshape(-1, positions(), config.channels());
  }

  private int positions() {
    return tokens / config.patchSize();
  }

  private static int count(SDVariable means) {
    return Math.toIntExact(means.getShape()[0]);
  }
}
