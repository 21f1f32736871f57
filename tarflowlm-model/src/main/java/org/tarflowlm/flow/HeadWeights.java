package org.tarflowlm.flow;

import java.util.stream.IntStream;
import org.tarflowlm.config.ChannelDirection;
import org.tarflowlm.config.Coupling;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.kernel.RowProduct;

/** Weights of a flow's head, which maps one position given the transformer's features. Immutable; threads may share it. */
final class HeadWeights {
  private final Coupling coupling;
  private final boolean first;
  private final boolean sharpened;
  private final MaskedHead.Weights masked;
  private final RowProduct mixture;
  private final PatchHead.Weights patch;
  private final Components components;
  private final int[] channelOrder;
  private final PartialHead.Weights partial;

  /** @param source of the flow's parameters */
  HeadWeights(TarFlowConfig config, int flow, Components codebook, ParameterSource source) {
    FlowSpec spec = config.flows().get(flow);
    first = flow == 0;
    sharpened = Sampling.sharpens(config, flow);
    channelOrder = channelOrder(config, flow);
    coupling = spec.coupling();
    if (coupling.sharesComponents()) {
      masked = null;
      patch = config.hasPatchHead() ? new PatchHead.Weights(config, spec.mixtures(), source.under("patch.")) : null;
      mixture = source.product("head", config.width(), config.patchSize() * spec.mixtures());
      components = spec.tied() ? codebook : ownComponents(config, spec, source);
      partial = spec.isPartial() ? new PartialHead.Weights(mixture, codebook, spec) : null;
    } else {
      partial = null;
      masked = new MaskedHead.Weights(source.under("maf."), config, spec);
      mixture = null;
      patch = null;
      components = null;
    }
  }

  private static Components ownComponents(TarFlowConfig config, FlowSpec spec, ParameterSource source) {
    int count = spec.mixtures();
    int dims = config.latentDim();
    return new Components(StackWeights.widen(source.vector("component.mean", count * dims)),
        StackWeights.widen(source.vector("component.logScale", count)), count, dims);
  }

  /** The components of a Mix-d flow that maps all channels and treats tokens of a patch independently; otherwise null. */
  Components components() {
    return coupling == Coupling.MIX_D && patch == null && partial == null ? components : null;
  }

  /** Channel order, see {@link #channelOrder(TarFlowConfig, int)}. */
  int[] channelOrder() {
    return channelOrder;
  }

  /**
   * A head with its own scratch arrays. The filter acts on the weights of shared components. On a Mix-1 flow's weights, only its
   * temperature acts, and only if all flows before are affine, so that the mixtures are those of the tokens' latents.
   */
  CouplingHead head(TokenFilter filter, Workspace workspace, TokenMargin tokenMargin) {
    if (partial != null) {
      return new PartialHead(partial, filter, workspace);
    }
    return masked == null
        ? new MixtureHead(mixture, patch, components, coupling == Coupling.AFFINE_D, filter, tokenMargin, workspace)
        : new MaskedHead(masked, first, sharpened ? filter.temperature() : 1.0, workspace);
  }

  /**
   * The order in which a flow reads the channels of a position. Before every flow after the first that has its own transformer, ChannelMix
   * moves the even-numbered channels to the front (paper section 5). So a flow reads the channels of z in the order after all mixes so far,
   * reversed if it reads {@linkplain ChannelDirection#DESCENDING down}. Latents h^(l) are always in the order of z: a flow reorders
   * channels when it reads and restores their order when it writes.
   *
   * @param flow index from 0
   * @return [channels]: the flow's channel i is channel {@code order[i]} of z; null if the flow reads them as they are
   */
  static int[] channelOrder(TarFlowConfig config, int flow) {
    long mixes = IntStream.rangeClosed(0, flow).filter(config::mixesBefore).count();
    boolean descending = config.flows().get(flow).channelDirection() == ChannelDirection.DESCENDING;
    if (mixes == 0 && !descending) {
      return null;
    }
    int channels = config.channels();
    int even = (channels + 1) / 2;
    int[] order = new int[channels];
    for (int i = 0; i < channels; i++) {
      int source = descending ? channels - 1 - i : i;
      for (long mix = 0; mix < mixes; mix++) {
        source = source < even ? 2 * source : 2 * (source - even) + 1;
      }
      order[i] = source;
    }
    return order;
  }
}
