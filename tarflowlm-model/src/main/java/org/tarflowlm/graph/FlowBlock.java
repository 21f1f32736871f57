package org.tarflowlm.graph;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.tarflowlm.config.BlockMask;
import org.tarflowlm.config.ChannelDirection;
import org.tarflowlm.config.Coupling;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.TarFlowConfig;

/**
 * One flow of the stack: a causal transformer that reads the latents in the flow's direction and predicts the parameters of the
 * coupling at every position (paper sections 3.2 and 3.3).
 */
final class FlowBlock {
  private final GraphScope scope;
  private final int index;
  private final FlowSpec spec;
  private final EncoderCodebook codebook;
  private final ChannelGroup group;

  FlowBlock(GraphScope scope, int index, EncoderCodebook codebook) {
    this.scope = scope;
    this.index = index;
    this.spec = scope.config().flows().get(index);
    this.codebook = codebook;
    this.group = new ChannelGroup(scope, spec);
  }

  /**
   * Features that condition the coupling, in the flow's reading order: [B, T/P, H]. Each position depends only on h at earlier positions.
   *
   * @param trunk the previous flow's features, which an in-token flow reuses
   */
  SDVariable features(SDVariable h, SDVariable trunk) {
    if (spec.isInToken()) {
      return trunk;
    }
    SDVariable x = read(h);
    SDVariable input = spec.isPartial() ? group.upToItsEnd(x) : x;
    SDVariable embedded = scope.primitives().linear(input, scope.matrix(prefix() + "in.weight"), parameter("in.bias"));
    SDVariable known = spec.firstChannel() == 0 ? null
        : scope.primitives().matmul(group.ahead(x), scope.matrix(prefix() + "look.weight"));
    SDVariable features = new CausalTransformer(scope, prefix(), spec.layers()).build(embedded, known);
    SDVariable inTextOrder = isRightToLeft() ? scope.reversePositions(features, scope.config().width()) : features; // free if unread
    inTextOrder.rename(WindowGraph.features(index));
    return features;
  }

  /** Data to noise: maps h [B, T/P, P*d] to u of the same shape and log|det du/dh|, which callers sum over all axes but the first, B. */
  Couplings.Coupled forward(SDVariable h, SDVariable features) {
    SDVariable x = read(h);
    Couplings couplings = scope.couplings();
    if (spec.isPartial()) {
      Couplings.Coupled own = couplings.rosenblatt(group.of(x),
          group.weights(x, weights(features, x), componentMeans(), componentLogScales()), group.ofMeans(componentMeans()),
          componentLogScales());
      return new Couplings.Coupled(read(group.putBack(own.u(), x)), own.logDeterminant());
    }
    Couplings.Coupled result = switch (spec.coupling()) {
      case AFFINE -> couplings.affine(x, scalarParameters(x, features));
      case MIX_1 -> couplings.mixtureCdf(x, scalarParameters(x, features), spec.mixtures());
      case MIX_D -> couplings.rosenblatt(tokens(x), weights(features, x), Matrix.of(componentMeans()), componentLogScales());
      case AFFINE_D -> couplings.momentMatched(tokens(x), weights(features, x), componentMeans(), componentLogScales());
    };
    return new Couplings.Coupled(read(result.u().reshape(-1, scope.positions(), scope.config().channels())), result.logDeterminant());
  }

  /** log p(h) if this flow is the last, when u is not needed; callers sum it over all axes but the first, B. */
  SDVariable logDensity(SDVariable h, SDVariable features) {
    SDVariable x = read(h);
    Couplings couplings = scope.couplings();
    if (spec.isPartial()) {
      SDVariable own = couplings.rosenblattLogDensity(group.of(x),
          group.weights(x, weights(features, x), componentMeans(), componentLogScales()), group.ofMeans(componentMeans()),
          componentLogScales());
      return own.add(group.logDensityOfOthers(x));
    }
    return switch (spec.coupling()) {
      case AFFINE -> couplings.affineLogDensity(x, scalarParameters(x, features));
      case MIX_1 -> couplings.mixtureCdfLogDensity(x, scalarParameters(x, features), spec.mixtures());
      case MIX_D -> couplings.rosenblattLogDensity(tokens(x), weights(features, x), Matrix.of(componentMeans()), componentLogScales());
      case AFFINE_D -> couplings.momentMatchedLogDensity(tokens(x), weights(features, x), componentMeans(), componentLogScales());
    };
  }

  /** Reverses positions and channels as the flow reads them; applied twice, it restores the order. */
  private SDVariable read(SDVariable h) {
    int channels = scope.config().channels();
    boolean descending = spec.channelDirection() == ChannelDirection.DESCENDING;
    if (isRightToLeft()) {
      return descending ? scope.reverseBoth(h, channels) : scope.reversePositions(h, channels);
    }
    return descending ? scope.reverseChannels(h, channels) : h;
  }

  private boolean isRightToLeft() {
    return spec.direction() == Direction.RIGHT_TO_LEFT;
  }

  /** Each channel's parameters, [B, T/P, P*d, 2 or 3K]: (shift, log-scale) or (logits, means, log-scales), log-scales bounded. */
  private SDVariable scalarParameters(SDVariable x, SDVariable features) {
    int outputs = spec.coupling() == Coupling.AFFINE ? 2 : 3 * spec.mixtures();
    SDVariable raw = new MafHead(scope, prefix(), outputs).build(features, x);
    return scope.couplings().boundLogScales(raw, outputs, spec.mixtures(), scope.config().logScaleBound());
  }

  /** Logits of the shared components, one set per token: [B, T, K]. */
  private SDVariable weights(SDVariable features, SDVariable x) {
    SDVariable logits = scope.primitives()
        .linear(features, scope.matrix(prefix() + "head.weight"), parameter("head.bias"));                          // [B, T/P, P K]
    if (scope.config().hasPatchHead()) {
      logits = logits.add(patchLogits(features, x));
    }
    return scope.config().patchSize() == 1 ? logits : logits.reshape(-1, scope.tokens(), spec.mixtures());
  }

  /**
   * Makes each token of a patch depend on the patch's earlier tokens; in the paper, tokens of a patch are independent given the context. A
   * hidden layer per token reads the features [B, T/P, H] and, through a mask, the latents x [B, T/P, P d] of earlier tokens.
   *
   * @return logits [B, T/P, P K] to add to those of the head
   */
  private SDVariable patchLogits(SDVariable features, SDVariable x) {
    Primitives p = scope.primitives();
    int units = scope.config().patchHidden();
    SDVariable context = p.linear(features, scope.matrix(prefix() + "patch.context.weight"), parameter("patch.context.bias"));
    SDVariable before = p.matmul(x, masked("patch.latents.weight", scope.config().latentDim(), units, false));
    return p.matmul(p.elu(context.add(before)), masked("patch.out.weight", units, spec.mixtures(), true));
  }

  private Matrix masked(String name, int perSource, int perTarget, boolean same) {
    int tokens = scope.config().patchSize();
    return scope.matrix(prefix() + name).masked(new BlockMask(tokens, perSource, tokens, perTarget, same), scope.type());
  }

  /** One vector per token: [B, T, d]. */
  private SDVariable tokens(SDVariable x) {
    TarFlowConfig config = scope.config();
    return config.patchSize() == 1 ? x : x.reshape(-1, scope.tokens(), config.latentDim());
  }

  private SDVariable componentMeans() {
    return spec.tied() ? codebook.means() : parameter("component.mean");
  }

  private SDVariable componentLogScales() {
    return spec.tied() ? codebook.logSigmas() : parameter("component.logScale");
  }

  private SDVariable parameter(String name) {
    return scope.parameter(prefix() + name);
  }

  private String prefix() {
    return "flow" + index + ".";
  }

  /** Even-indexed channels first, then odd-indexed ones (paper section 5, ChannelMix); volume-preserving. [B, T/P, P*d]. */
  static SDVariable mixChannels(SameDiff sd, SDVariable h, int positions, int channels) {
    return h.reshape(-1, positions, channels / 2, 2).permute(0, 1, 3, 2).reshape(-1, positions, channels);
  }

  /** Undoes {@link #mixChannels} (paper section 5, ChannelUnmix). */
  static SDVariable unmixChannels(SDVariable h, int positions, int channels) {
    return h.reshape(-1, positions, 2, channels / 2).permute(0, 1, 3, 2).reshape(-1, positions, channels);
  }
}
