package org.tarflowlm.graph;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.CodebookSpec;
import org.tarflowlm.config.CodebookSpec.SigmaMode;

/** The codebook encoder and the decoder tied to it (paper section 3.1). */
final class EncoderCodebook {
  private final GraphScope scope;
  private final SDVariable means;
  private final SDVariable logSigmas;

  EncoderCodebook(GraphScope scope) {
    this.scope = scope;
    this.means = scope.parameter("codebook.mean");
    this.logSigmas = boundedLogSigmas();
  }

  /** mu_k, [V, d]. */
  SDVariable means() {
    return means;
  }

  /** log sigma_k, [V], with sigma_k at least the configured minimum. */
  SDVariable logSigmas() {
    return logSigmas;
  }

  /** z = mu[x] + sigma[x] * noise: maps ids INT [B, T] and noise [B, T, d] to z [B, T, d]. */
  SDVariable encode(SDVariable ids, SDVariable noise) {
    return scope.couplings().encode(ids, noise, means, logSigmas);
  }

  /** log p(x|z) - log q(z|x) = -logsumexp_k log N(z; mu_k, sigma_k^2), in nats per token, [B, T]: the token's own density cancels. */
  SDVariable vaeTerm(SDVariable z) {
    return scope.couplings().vaeTerm(z, means, logSigmas);
  }

  private SDVariable boundedLogSigmas() {
    CodebookSpec spec = scope.config().codebook();
    int vocab = scope.config().vocabSize();
    if (spec.sigmaMode() == SigmaMode.FIXED) {
      return scope.sd().constant("codebook.logSigma", Nd4j.valueArrayOf(new long[] {vocab}, Math.log(spec.sigma()), scope.type()));
    }
    SDVariable raw = scope.parameter("codebook.logSigma");
    SDVariable bounded = scope.sd().math().max(raw, scope.sd().constant(Nd4j.scalar(scope.type(), Math.log(spec.sigmaMin()))));
    return spec.sigmaMode() == SigmaMode.PER_TOKEN ? bounded
        : bounded.mul(scope.sd().constant("codebook.ones", Nd4j.ones(scope.type(), vocab)));
  }
}
