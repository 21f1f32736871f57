package org.tarflowlm.graph;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.ops.Ops;

/**
 * The whole model as one SameDiff graph over windows of a fixed number of tokens.
 *
 * <p>Placeholders: {@link #IDS} INT [B, T] and, for flows, {@link #NOISE} [B, T, d]. Outputs: {@link #LOG_LIKELIHOOD} [B], the ELBO
 * (flows) or the exact log-likelihood (autoregressive), in nats per sequence; {@link #LOSS}, the sum over examples of its negative
 * divided by T, which is what DL4J then divides by the batch size; the flows' inputs, by {@link #latent(int)}, [B, T/P, P*d].
 */
public final class WindowGraph {
  public static final String IDS = "ids";
  public static final String NOISE = "noise";
  public static final String LOG_LIKELIHOOD = "logLikelihood";
  public static final String LOSS = "loss";

  private WindowGraph() {}

  /** Name of h^(flow), the input of flow {@code flow} counted from 0. */
  public static String latent(int flow) {
    return FlowStack.latentName(flow);
  }

  /**
   * Puts the graph together.
   *
   * @param sd an empty graph
   * @param tokens T of its windows: at most the context length and a multiple of the patch size
   * @param parameters parameter arrays by name, used as they are (views stay views)
   * @param frozen names of parameters that are constants of this graph: no gradient and no backward time
   */
  public static void build(SameDiff sd, TarFlowConfig config, int tokens, DataType type, KernelChoice kernels,
      Map<String, INDArray> parameters, Set<String> frozen) {
    if (tokens < 1 || tokens > config.contextLength() || tokens % config.patchSize() != 0) {
      throw new IllegalArgumentException("a window has " + tokens + " tokens; expected a multiple of patchSize " + config.patchSize()
          + " up to contextLength " + config.contextLength());
    }
    Ops.register();
    SDVariable ids = sd.placeHolder(IDS, DataType.INT32, -1, tokens);
    Map<String, SDVariable> variables = new LinkedHashMap<>();
    parameters.forEach((name, array) ->
        variables.put(name, frozen.contains(name) ? sd.constant(name, array) : sd.var(name, type, array.shape())));
    int positions = config.model() == ModelType.TARFLOW ? tokens / config.patchSize() : tokens;
    Primitives primitives = kernels.resolve(type) == KernelChoice.FUSED
        ? new FusedPrimitives(sd) : new ComposedPrimitives(sd, type, positions);
    Couplings couplings = kernels.usesJava() ? new KernelCouplings(sd) : new ComposedCouplings(sd, type, config, tokens);
    GraphScope scope = new GraphScope(sd, config, variables, primitives, couplings, type, tokens);

    SDVariable logLikelihood = config.model() == ModelType.TARFLOW
        ? new FlowStack(scope).elbo(ids, sd.placeHolder(NOISE, type, -1, tokens, config.latentDim()))
        : new AutoregressiveModel(scope).logLikelihood(ids);
    logLikelihood = logLikelihood.rename(LOG_LIKELIHOOD);
    logLikelihood.sum().mul(-1.0 / tokens).rename(LOSS);
    sd.setLossVariables(LOSS);
    parameters.forEach((name, array) -> {
      if (!frozen.contains(name)) {
        sd.associateArrayWithVariable(array, sd.getVariable(name));
      }
    });
  }
}
