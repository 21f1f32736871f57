package org.tarflowlm.graph;

import org.nd4j.autodiff.samediff.SDVariable;
import org.tarflowlm.stock.NormalTail;

/**
 * The couplings and the codebook inside a graph, either as Java kernels ({@link org.tarflowlm.coupling}) or composed of stock ops. Both
 * compute the same functions; tests compare them.
 *
 * <p>Shapes: x and u [B, positions, D]; theta [B, positions, D, 2 or 3K], where K is {@code k}; z [B, T, d]; logits [B, T, K]; means
 * [K, d]; logScales [K]. Densities and log-determinants are in nats; their first axis is B, and callers sum over the other axes.
 */
interface Couplings {
  /** A coupling's outputs: u, which has the input's shape, and log|det du/dx|. */
  record Coupled(SDVariable u, SDVariable logDeterminant) {}

  /** {@link org.tarflowlm.coupling.Affine}; theta = (shift, log-scale). */
  Coupled affine(SDVariable x, SDVariable theta);

  /** log p(x) under the affine coupling. */
  SDVariable affineLogDensity(SDVariable x, SDVariable theta);

  /** {@link org.tarflowlm.coupling.MixtureCdf}; theta = (logits, means, log-scales). */
  Coupled mixtureCdf(SDVariable x, SDVariable theta, int k);

  /** log p(x) under the mixture-CDF coupling. */
  SDVariable mixtureCdfLogDensity(SDVariable x, SDVariable theta, int k);

  /** {@link org.tarflowlm.coupling.MixtureRosenblatt}. */
  Coupled rosenblatt(SDVariable z, SDVariable logits, Matrix means, SDVariable logScales);

  /** log p(z) under the mixture-Rosenblatt coupling. */
  SDVariable rosenblattLogDensity(SDVariable z, SDVariable logits, Matrix means, SDVariable logScales);

  /** {@link org.tarflowlm.coupling.MomentMatched}. */
  Coupled momentMatched(SDVariable z, SDVariable logits, SDVariable means, SDVariable logScales);

  /** log p(z) under the moment-matched coupling: log N(u; 0, I) plus its log-determinant. */
  default SDVariable momentMatchedLogDensity(SDVariable z, SDVariable logits, SDVariable means, SDVariable logScales) {
    Coupled coupled = momentMatched(z, logits, means, logScales);
    return NormalTail.logPdf(coupled.u()).sum(-1).add(coupled.logDeterminant());
  }

  /**
   * {@link org.tarflowlm.coupling.LogScaleBound} on the last {@code k} of the {@code outputs} numbers of each channel: raw [B, positions,
   * D outputs] to theta.
   */
  SDVariable boundLogScales(SDVariable raw, int outputs, int k, double bound);

  /** {@link org.tarflowlm.coupling.Codebook#encode}: mu[x] + sigma[x] * noise. */
  SDVariable encode(SDVariable ids, SDVariable noise, SDVariable means, SDVariable logScales);

  /** {@link org.tarflowlm.coupling.Codebook#vaeTerm}. */
  SDVariable vaeTerm(SDVariable z, SDVariable means, SDVariable logScales);
}
