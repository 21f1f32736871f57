package org.tarflowlm.graph;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.ops.Ops;

/**
 * The whole model as one SameDiff graph over windows of a fixed number of tokens.
 *
 * <p>Placeholders: {@link #IDS} INT [B, T] and, for flows, {@link #NOISE} [B, T, d]; or {@link #LATENTS} [B, T, d] instead of both. With
 * texts shorter than the window, also {@link #LENGTHS} INT [B], in positions, and {@link #MASK} [B, T].
 *
 * <p>Outputs:
 * <ul>
 * <li>{@link #LOG_LIKELIHOOD} [B]: the ELBO (flows) or the exact log-likelihood (autoregressive), in nats per sequence;
 * <li>{@link #LOSS}: minus its sum over examples, divided by T (with a mask: by the mean number of tokens). DL4J divides that by the batch
 * size, which gives nats per token;
 * <li>{@link #VAE_TERM} [B]: the part of a flow model's ELBO that is not log p(z);
 * <li>{@link #latent(int)} [B, T/P, P*d]: the flows' inputs;
 * <li>{@link #features(int)} [B, T/P, H]: what conditions their couplings.
 * </ul>
 */
public final class WindowGraph {
  public static final String IDS = "ids";
  public static final String NOISE = "noise";
  public static final String LATENTS = "latents";
  public static final String LENGTHS = "lengths";
  public static final String MASK = "mask";
  public static final String VAE_TERM = "vaeTerm";
  public static final String LOG_LIKELIHOOD = "logLikelihood";
  public static final String LOSS = "loss";
  /** Input of an autoregressive model's head at each position: H numbers that depend on earlier tokens. */
  public static final String FEATURES = "features";

  private WindowGraph() {}

  /** Name of h^(flow), the input of flow {@code flow} counted from 0. */
  public static String latent(int flow) {
    return FlowStack.latentName(flow);
  }

  /**
   * Name of the features that a flow's transformer computes at each position, in text order; flows count from 0. An in-token flow has no
   * features of its own.
   */
  public static String features(int flow) {
    return FEATURES + flow;
  }

  /**
   * Name of the terms that {@link #LOG_LIKELIHOOD} sums, [B, ..], each in reading order: 0 for the VAE term, 1 to L for the flows. An
   * autoregressive model has only 0, with the opposite sign.
   */
  public static String terms(int number) {
    return "terms" + number;
  }

  /**
   * Builds the graph.
   *
   * @param sd an empty graph
   * @param parameters parameter arrays by name, used without a copy (views stay views)
   * @param frozen names of parameters to make constants, which have no gradient and cost no time in the backward pass
   */
  public static void build(SameDiff sd, TarFlowConfig config, Window window, DataType type, KernelChoice kernels,
      Map<String, INDArray> parameters, Set<String> frozen) {
    int tokens = window.tokens();
    if (tokens < 1 || tokens > config.contextLength() || tokens % config.patchSize() != 0) {
      throw new IllegalArgumentException("a window has " + tokens + " tokens; expected a multiple of patchSize " + config.patchSize()
          + " up to contextLength " + config.contextLength());
    }
    Ops.register();
    SDVariable ids = window.latents() ? null : sd.placeHolder(IDS, DataType.INT32, -1, tokens);
    Map<String, SDVariable> variables = new LinkedHashMap<>();
    parameters.forEach((name, array) ->
        variables.put(name, frozen.contains(name) ? sd.constant(name, array) : sd.var(name, type, array.shape())));
    int positions = tokens / config.patch();
    Primitives primitives = kernels.resolve(type) == KernelChoice.FUSED
        ? new FusedPrimitives(sd) : new ComposedPrimitives(sd, type, positions);
    Couplings couplings = kernels.usesJava() ? new KernelCouplings(sd) : new ComposedCouplings(sd, type, config, tokens);
    GraphScope.Padding padding = window.masked() ? GraphScope.Padding.placeholders(sd, type, tokens) : null;
    GraphScope scope = new GraphScope(sd, config, variables, primitives, couplings, type, tokens, padding);

    SDVariable logLikelihood = logLikelihood(scope, ids, window.latents()).rename(LOG_LIKELIHOOD);
    SDVariable sum = logLikelihood.sum();
    (padding == null ? sum.mul(-1.0 / tokens) : sum.neg().div(padding.meanTokens(tokens))).rename(LOSS);
    sd.setLossVariables(LOSS);
    parameters.forEach((name, array) -> {
      if (!frozen.contains(name)) {
        sd.associateArrayWithVariable(array, sd.getVariable(name));
      }
    });
  }

  private static SDVariable logLikelihood(GraphScope scope, SDVariable ids, boolean latents) {
    if (!scope.config().isFlow()) {
      return discrete(scope, ids);
    }
    SDVariable placeholder = scope.sd().placeHolder(latents ? LATENTS : NOISE, scope.type(), -1, scope.tokens(),
        scope.config().latentDim());
    FlowStack stack = new FlowStack(scope);
    return latents ? stack.elbo(placeholder) : stack.elbo(ids, placeholder);
  }

  /**
   * The discrete model: the same transformer over token embeddings, with a softmax over the vocabulary. Returns the exact log p(x) in nats
   * per sequence, [B], from ids INT [B, T].
   */
  private static SDVariable discrete(GraphScope scope, SDVariable ids) {
    Primitives p = scope.primitives();
    SDVariable embedded = p.embedding(scope.parameter("embed.weight"), ids);
    SDVariable features = new CausalTransformer(scope, "lm.", scope.config().totalLayers()).build(embedded, null).rename(FEATURES);
    SDVariable logits = p.linear(features, scope.matrix("lm.head.weight"), scope.parameter("lm.head.bias"));
    SDVariable losses = p.crossEntropy(logits, ids, scope.config().vocabSize()).rename(terms(0));
    return scope.perSequence(losses, scope.tokens()).neg();
  }
}
