package org.tarflowlm.flow;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.kernel.RowProduct;

/**
 * Weights of one flow that has its own transformer, and of the in-token flows that share it, repacked for the inverse pass. Immutable;
 * threads may share it.
 */
public final class FlowWeights {
  private final int index;
  private final FlowSpec spec;
  private final int channels;
  private final RowProduct input;
  /** Embeds the channels below firstChannel of the current token and the tokens ahead of it; null if firstChannel is 0. */
  private final RowProduct look;
  private final CachedTransformer.Weights transformer;
  /** The flow's head and those of its in-token flows, data to noise. */
  private final List<HeadWeights> heads = new ArrayList<>();

  /**
   * Reads the weights of flow {@code index} of a model and of the in-token flows right after it.
   *
   * @param codebook the encoder's components, which a tied Mix-d flow uses
   * @param parameters gives a parameter's values by its name ({@link org.tarflowlm.config.ParameterShapes}), row-major; they are copied
   * @throws IllegalArgumentException if the flow is itself an in-token flow, or a parameter is missing or its length differs from the
   *     configuration
   */
  FlowWeights(TarFlowConfig config, int index, Components codebook, Function<String, float[]> parameters) {
    this.index = index;
    spec = config.flows().get(index);
    if (spec.isInToken()) {
      throw new IllegalArgumentException("flow " + index + " is an in-token flow; expected flow " + config.trunkOf(index)
          + ", whose transformer it shares");
    }
    channels = config.channels();
    ParameterSource source = source(parameters, index);
    input = source.product("in", spec.isPartial() ? spec.endChannel(channels) : channels, config.width());
    look = spec.firstChannel() == 0 ? null
        : source.productWithoutBias("look", (1 + spec.lookAhead()) * spec.firstChannel(), config.width());
    transformer = new CachedTransformer.Weights(source, config.width(), config.heads(), spec.layers(), config.positions());
    for (int l = index; l < config.endOfTrunk(index); l++) {
      heads.add(new HeadWeights(config, l, codebook, source(parameters, l)));
    }
  }

  private static ParameterSource source(Function<String, float[]> parameters, int flow) {
    return new ParameterSource(parameters, "flow" + flow + ".");
  }

  /** Index in the stack of the flow that has the transformer. */
  public int index() {
    return index;
  }

  /** Number of flows: the one with the transformer and its in-token flows. */
  public int count() {
    return heads.size();
  }

  /** Configuration of the flow that has the transformer. */
  public FlowSpec spec() {
    return spec;
  }

  public boolean leftToRight() {
    return spec.direction() == Direction.LEFT_TO_RIGHT;
  }

  /** Order of the channels in the transformer's input, as {@link HeadWeights#channelOrder(TarFlowConfig, int)}. */
  int[] channelOrder() {
    return heads.get(0).channelOrder();
  }

  RowProduct input() {
    return input;
  }

  RowProduct look() {
    return look;
  }

  public CachedTransformer.Weights transformer() {
    return transformer;
  }

  /** The components of a Mix-d flow without in-token flows that reads channels in the order of z; otherwise null. */
  public Components components() {
    return heads.size() == 1 && channelOrder() == null ? heads.get(0).components() : null;
  }

  /** All heads as one, with its own scratch arrays. {@link HeadWeights#head} says what the filter acts on. */
  CouplingHead head(TokenFilter filter, Workspace workspace, TokenMargin tokenMargin) {
    List<CouplingHead> all = heads.stream().map(each -> each.head(filter, workspace, tokenMargin)).toList();
    if (all.size() == 1 && channelOrder() == null) {
      return all.get(0);
    }
    List<int[]> orders = new ArrayList<>();
    heads.forEach(each -> orders.add(each.channelOrder()));
    return new HeadChain(all, orders, channels);
  }
}
