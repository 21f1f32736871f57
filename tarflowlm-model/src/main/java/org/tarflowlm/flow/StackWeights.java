package org.tarflowlm.flow;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.tarflowlm.config.CodebookSpec.SigmaMode;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.coupling.Components;

/** Weights of a whole TarFlowLM: the codebook and the flows, in the order data to noise. Immutable; threads may share it. */
public final class StackWeights {
  private final TarFlowConfig config;
  private final Components codebook;
  private final List<FlowWeights> flows;

  private StackWeights(TarFlowConfig config, Components codebook, List<FlowWeights> flows) {
    this.config = config;
    this.codebook = codebook;
    this.flows = flows;
  }

  /**
   * Reads a model.
   *
   * @param parameters gives a parameter's values by its name ({@link org.tarflowlm.config.ParameterShapes}), row-major; they are copied
   * @throws IllegalArgumentException if the model is not a flow model, or a parameter is missing or its length differs from the
   *     configuration
   */
  public static StackWeights of(TarFlowConfig config, Function<String, float[]> parameters) {
    if (config.model() != ModelType.TARFLOW) {
      throw new IllegalArgumentException("model is " + config.model() + "; expected " + ModelType.TARFLOW + " for an inverse pass");
    }
    Components codebook = codebook(config, parameters);
    List<FlowWeights> flows = new ArrayList<>();
    for (int trunk : config.trunks()) {
      flows.add(new FlowWeights(config, trunk, codebook, parameters));
    }
    return new StackWeights(config, codebook, List.copyOf(flows));
  }

  /** One flow alone; arguments and errors as in {@link #of}. Needs the codebook's parameters only if the flow is tied to it. */
  public static FlowWeights flow(TarFlowConfig config, int flow, Function<String, float[]> parameters) {
    return new FlowWeights(config, flow, config.flows().get(flow).tied() ? codebook(config, parameters) : null, parameters);
  }

  /** The encoder's components alone; arguments and errors as in {@link #of}. */
  public static Components codebook(TarFlowConfig config, Function<String, float[]> parameters) {
    ParameterSource source = new ParameterSource(parameters, "codebook.");
    int tokens = config.vocabSize();
    SigmaMode mode = config.codebook().sigmaMode();
    double[] logSigma = new double[tokens];
    if (mode == SigmaMode.FIXED) {
      Arrays.fill(logSigma, Math.log(config.codebook().sigma()));
    } else {
      float[] learned = source.vector("logSigma", mode == SigmaMode.SHARED ? 1 : tokens);
      double lowest = Math.log(config.codebook().sigmaMin());
      for (int k = 0; k < tokens; k++) {
        logSigma[k] = Math.max(lowest, learned[mode == SigmaMode.SHARED ? 0 : k]);
      }
    }
    double[] means = widen(source.vector("mean", tokens * config.latentDim()));
    return new Components(means, logSigma, tokens, config.latentDim());
  }

  /** A copy in double precision. */
  public static double[] widen(float[] values) {
    double[] result = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      result[i] = values[i];
    }
    return result;
  }

  public TarFlowConfig config() {
    return config;
  }

  /** The encoder's components, one per token. */
  public Components codebook() {
    return codebook;
  }

  /** The flows that have their own transformer, each with its in-token flows, data to noise. */
  public List<FlowWeights> flows() {
    return flows;
  }
}
