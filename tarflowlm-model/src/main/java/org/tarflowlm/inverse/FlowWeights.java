package org.tarflowlm.inverse;

import java.util.function.Function;
import org.tarflowlm.config.ChannelOrder;
import org.tarflowlm.config.Coupling;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.kernel.RowProduct;

/** Weights of one flow, repacked for the inverse pass. Read-only; may be shared by threads. */
public final class FlowWeights {
  private final int index;
  private final FlowSpec spec;
  private final RowProduct input;
  private final TransformerWeights transformer;
  private final MaskedHeadWeights maskedHead;
  private final RowProduct mixtureHead;
  private final Components components;
  private final int[] channelOrder;

  private FlowWeights(TarFlowConfig config, int index, Components codebook, ParameterSource source) {
    this.index = index;
    spec = config.flows().get(index);
    channelOrder = ChannelOrder.of(config, index);
    input = source.product("in", config.channels(), config.width());
    transformer = new TransformerWeights(source, config.width(), config.heads(), spec.layers(), config.positions());
    if (spec.coupling() == Coupling.MIX_D) {
      maskedHead = null;
      mixtureHead = source.product("head", config.width(), config.patchSize() * spec.mixtures());
      components = spec.tied() ? codebook : ownComponents(config, source);
    } else {
      maskedHead = new MaskedHeadWeights(source.under("maf."), config, spec);
      mixtureHead = null;
      components = null;
    }
  }

  /**
   * Weights of flow {@code index} of a model.
   *
   * @param codebook the encoder's components, used by a tied Mix-d flow
   * @param parameters values of a parameter by its name ({@link org.tarflowlm.config.ParameterShapes}), row by row; they are copied
   * @throws IllegalArgumentException if a parameter is missing or has another length than the configuration says
   */
  public static FlowWeights of(TarFlowConfig config, int index, Components codebook, Function<String, float[]> parameters) {
    return new FlowWeights(config, index, codebook, new ParameterSource(parameters, "flow" + index + "."));
  }

  private Components ownComponents(TarFlowConfig config, ParameterSource source) {
    int count = spec.mixtures();
    int dims = config.latentDim();
    return new Components(StackWeights.widen(source.vector("component.mean", count * dims)),
        StackWeights.widen(source.vector("component.logScale", count)), count, dims);
  }

  /** What the flow is. */
  public FlowSpec spec() {
    return spec;
  }

  boolean leftToRight() {
    return spec.direction() == Direction.LEFT_TO_RIGHT;
  }

  /** As {@link ChannelOrder#of}. */
  int[] channelOrder() {
    return channelOrder;
  }

  RowProduct input() {
    return input;
  }

  TransformerWeights transformer() {
    return transformer;
  }

  /** The components of a Mix-d flow, else null. */
  Components components() {
    return components;
  }

  /**
   * A head with scratch arrays of its own. The filter acts on Mix-d weights; of a Mix-1 flow's weights its temperature only, and only in
   * the first flow, whose mixtures are those of the tokens' latents.
   */
  CouplingHead head(TokenFilter filter, Workspace workspace) {
    return maskedHead == null
        ? new MixtureHead(mixtureHead, components, filter, workspace)
        : new MaskedHead(maskedHead, index == 0, index == 0 ? filter.temperature() : 1.0, workspace);
  }
}
