package org.tarflowlm.graph;

import java.util.ArrayList;
import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.tarflowlm.config.TarFlowConfig;

/**
 * The stack of flows and the telescoped objective (paper section 3.3), per token
 *
 * <pre>log p(x|z) - log q(z|x) + sum over all flows but the last of log|det dh^(l)/dh^(l-1)| + log p_mix^(L)(h^(L-1))</pre>
 *
 * in which the last flow's u cancels, so it is never computed.
 */
record FlowStack(GraphScope scope) {
  /** Graph name of h^(flow), 0 to L-1, whose channels are in the order of z. */
  static String latentName(int flow) {
    return "latent" + flow;
  }

  /** ELBO in nats per sequence, [B], from ids INT [B, T] and noise [B, T, d]. */
  SDVariable elbo(SDVariable ids, SDVariable noise) {
    EncoderCodebook codebook = new EncoderCodebook(scope);
    return elbo(codebook, codebook.encode(ids, noise));
  }

  /** ELBO in nats per sequence, [B], from latents z [B, T, d]. It needs no ids, as the token cancels in the VAE term. */
  SDVariable elbo(SDVariable z) {
    return elbo(new EncoderCodebook(scope), z);
  }

  private SDVariable elbo(EncoderCodebook codebook, SDVariable z) {
    TarFlowConfig config = scope.config();
    List<SDVariable> terms = new ArrayList<>();
    terms.add(scope.perSequence(codebook.vaeTerm(z).rename(WindowGraph.terms(0)), scope.tokens()).rename(WindowGraph.VAE_TERM));
    SDVariable h = z.reshape(-1, scope.positions(), config.channels()).rename(latentName(0));
    SDVariable features = null;
    int mixes = 0;
    int last = config.flows().size() - 1;
    for (int l = 0; l <= last; l++) {
      if (config.mixesBefore(l)) {
        h = FlowBlock.mixChannels(scope.sd(), h, scope.positions(), config.channels());
        mixes++;
      }
      FlowBlock block = new FlowBlock(scope, l, codebook);
      features = block.features(h, features);
      if (l == last) {
        SDVariable density = block.logDensity(h, features).rename(WindowGraph.terms(l + 1));
        terms.add(scope.perSequence(density, logDeterminantsPerSequence(l)));
      } else {
        Couplings.Coupled flow = block.forward(h, features);
        SDVariable logDeterminant = flow.logDeterminant().rename(WindowGraph.terms(l + 1));
        terms.add(scope.perSequence(logDeterminant, logDeterminantsPerSequence(l)));
        SDVariable latent = inOrderOfZ(flow.u(), mixes).rename(latentName(l + 1));
        h = mixes == 0 ? latent : flow.u();
      }
    }
    SDVariable sum = terms.get(0);
    for (SDVariable term : terms.subList(1, terms.size())) {
      sum = sum.add(term);
    }
    return sum;
  }

  /** Undoes {@code mixes} channel mixes. Training does not request the result, so it costs nothing there. */
  private SDVariable inOrderOfZ(SDVariable h, int mixes) {
    for (int mix = 0; mix < mixes; mix++) {
      h = FlowBlock.unmixChannels(h, scope.positions(), scope.config().channels());
    }
    return h;
  }

  /** A flow with shared components gives one log-determinant per token, other flows one per channel. */
  private int logDeterminantsPerSequence(int flow) {
    return switch (scope.config().flows().get(flow).coupling()) {
      case MIX_D, AFFINE_D -> scope.tokens();
      case AFFINE, MIX_1 -> scope.positions() * scope.config().channels();
    };
  }
}
