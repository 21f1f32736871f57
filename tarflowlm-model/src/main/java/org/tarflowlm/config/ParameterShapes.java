package org.tarflowlm.config;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.tarflowlm.json.ConfigException;

/**
 * Names and shapes of a configuration's parameters, in the fixed order that a network's parameter vector and a checkpoint's tensors
 * share. Matrices are [in, out]. In the tables, H is the transformer's width, V the vocabulary size, d the latent width, P the patch
 * size, T the context length, D = P*d the channels of a position, and K a flow's mixture components.
 *
 * <p>{@link ModelType#TARFLOW}:
 * <pre>
 * codebook.mean [V, d]
 * codebook.logSigma [V] (PER_TOKEN) or [1] (SHARED); with FIXED it is a constant and no parameter
 * flow{l}.in.weight [D, H], .in.bias [H], .start [H], .position [T/P, H], .block{i}... , .norm.gain [H], .norm.bias [H]
 *   (an in-token flow has none of these, only its head; over channels [f, e) of a token, .in.weight is [e, H], and where f > 0 there is
 *   .look.weight [(1 + lookAhead)*f, H] after .in.bias)
 * MIX_D, AFFINE_D: flow{l}.head.weight [H, P*K], .head.bias [P*K]; untied: .component.mean [K, d], .component.logScale [K]
 *   with patchHidden U: .patch.context.weight [H, U*P], .patch.context.bias [U*P], .patch.latents.weight [D, U*P],
 *   .patch.out.weight [U*P, P*K]
 * AFFINE (m = 2 numbers per channel) and MIX_1 (m = 3K): the masked head, U = mafHidden / 2 units per channel, n = D - 1:
 *   flow{l}.maf.context.weight [H, U*D], .maf.context.bias [U*D]
 *   if D > 1: .maf.features.weight [3n, E*n], .maf.features.bias [E*n], .maf.hidden.weight [E*n, U*D]
 *   for r = 1 .. mafLayers - 1: .maf.residual{r}.weight [U*D, U*D], .maf.residual{r}.bias [U*D]
 *   .maf.out.weight [U*D, m*D], .maf.out.bias [m*D]
 * </pre>
 * {@link ModelType#AUTOREGRESSIVE}:
 * <pre>
 * embed.weight [V, H], lm.start [H], lm.position [T, H], lm.block{i}... , lm.norm.gain|bias [H], lm.head.weight [H, V], lm.head.bias [V]
 * </pre>
 * A block: {@code norm1.gain|bias [H]}, {@code qkv.weight [H, 3H]}, {@code qkv.bias}, {@code proj.weight [H, H]}, {@code proj.bias},
 * {@code norm2.gain|bias [H]}, {@code up.weight [H, 4H]}, {@code up.bias}, {@code down.weight [4H, H]}, {@code down.bias}.
 *
 * <p>Names must not contain underscores, because DL4J's updater splits its keys there.
 */
public final class ParameterShapes {
  private static final int MOST_NUMBERS = Integer.MAX_VALUE - 8;
  private final Map<String, long[]> shapes = new LinkedHashMap<>();

  private ParameterShapes() {}

  /** Shapes by parameter name, in order; the map is immutable. */
  public static Map<String, long[]> of(TarFlowConfig config) {
    ParameterShapes collected = new ParameterShapes();
    if (!config.isFlow()) {
      collected.addAutoregressive(config);
    } else {
      collected.addCodebook(config);
      for (int l = 0; l < config.flows().size(); l++) {
        collected.addFlow(config, config.flows().get(l), "flow" + l + ".");
      }
    }
    return Collections.unmodifiableMap(collected.shapes);
  }

  /**
   * Total number of scalars in all parameters.
   *
   * @throws ConfigException if a single parameter has too many scalars for a Java array (about 2^31)
   */
  public static long parameterCount(TarFlowConfig config) {
    try {
      Map<String, long[]> shapes = of(config);
      shapes.forEach((name, shape) -> ConfigException.require(length(shape) <= MOST_NUMBERS, "", "the parameter " + name
          + " would have the shape " + Arrays.toString(shape) + "; expected at most " + MOST_NUMBERS + " numbers"));
      return shapes.values().stream().mapToLong(ParameterShapes::length).reduce(0, Math::addExact);
    } catch (ArithmeticException e) {
      throw new ConfigException("the configuration has more than 2^63 parameters", e);
    }
  }

  /** Number of scalars in a shape. */
  public static long length(long[] shape) {
    return Arrays.stream(shape).reduce(1, Math::multiplyExact);
  }

  /** Whether a parameter is a matrix that gets weight decay; gains, biases, codebooks, start and position vectors do not. */
  public static boolean isWeight(String name) {
    return name.endsWith(".weight");
  }

  /** E of a configuration's masked heads: embedding features per preceding channel (paper appendix H). */
  public static int mafEmbedding(TarFlowConfig config) {
    return mafEmbedding(config.mafHidden(), config.channels(), config.mafLayers());
  }

  /**
   * E of a masked head, from its hidden units (D_module), channels and hidden layers. With many channels, the paper's formula leaves only
   * one feature per channel; heads with more than one hidden layer, which the paper does not have, get at least four.
   */
  public static int mafEmbedding(int mafHidden, int channels, int mafLayers) {
    int preceding = Math.max(1, channels - 1);
    int least = mafLayers > 1 ? 4 : 1;
    return (int) Math.min(Math.max(least, mafHidden * 9L / (16L * preceding)), 96);
  }

  private void addCodebook(TarFlowConfig config) {
    add("codebook.mean", config.vocabSize(), config.latentDim());
    switch (config.codebook().sigmaMode()) {
      case PER_TOKEN -> add("codebook.logSigma", config.vocabSize());
      case SHARED -> add("codebook.logSigma", 1);
      case FIXED -> { }
    }
  }

  private void addFlow(TarFlowConfig config, FlowSpec flow, String prefix) {
    if (!flow.isInToken()) {
      addLinear(prefix + "in", flow.isPartial() ? flow.endChannel(config.latentDim()) : config.channels(), config.width());
      if (flow.firstChannel() > 0) {
        add(prefix + "look.weight", (1L + flow.lookAhead()) * flow.firstChannel(), config.width());
      }
      addBody(config, prefix, config.positions(), flow.layers());
    }
    if (flow.coupling().sharesComponents()) {
      addLinear(prefix + "head", config.width(), (long) config.patchSize() * flow.mixtures());
      if (config.hasPatchHead()) {
        long units = (long) config.patchHidden() * config.patchSize();
        addLinear(prefix + "patch.context", config.width(), units);
        add(prefix + "patch.latents.weight", config.channels(), units);
        add(prefix + "patch.out.weight", units, (long) config.patchSize() * flow.mixtures());
      }
      if (!flow.tied()) {
        add(prefix + "component.mean", flow.mixtures(), config.latentDim());
        add(prefix + "component.logScale", flow.mixtures());
      }
    } else {
      addMaskedHead(config, prefix + "maf.", flow.coupling() == Coupling.AFFINE ? 2 : 3L * flow.mixtures());
    }
  }

  private void addMaskedHead(TarFlowConfig config, String prefix, long numbersPerChannel) {
    long channels = config.channels();
    long hidden = config.mafHidden() / 2 * channels;
    addLinear(prefix + "context", config.width(), hidden);
    if (channels > 1) {
      long features = mafEmbedding(config) * (channels - 1);
      addLinear(prefix + "features", 3 * (channels - 1), features);
      add(prefix + "hidden.weight", features, hidden);
    }
    for (int r = 1; r < config.mafLayers(); r++) {
      addLinear(prefix + "residual" + r, hidden, hidden);
    }
    addLinear(prefix + "out", hidden, numbersPerChannel * channels);
  }

  private void addAutoregressive(TarFlowConfig config) {
    add("embed.weight", config.vocabSize(), config.width());
    addBody(config, "lm.", config.contextLength(), config.totalLayers());
    addLinear("lm.head", config.width(), config.vocabSize());
  }

  private void addBody(TarFlowConfig config, String prefix, long positions, int layers) {
    long width = config.width();
    add(prefix + "start", width);
    add(prefix + "position", positions, width);
    for (int i = 0; i < layers; i++) {
      String block = prefix + "block" + i + ".";
      addNorm(block + "norm1", width);
      addLinear(block + "qkv", width, 3 * width);
      addLinear(block + "proj", width, width);
      addNorm(block + "norm2", width);
      addLinear(block + "up", width, 4 * width);
      addLinear(block + "down", 4 * width, width);
    }
    addNorm(prefix + "norm", width);
  }

  private void addNorm(String name, long width) {
    add(name + ".gain", width);
    add(name + ".bias", width);
  }

  private void addLinear(String name, long in, long out) {
    add(name + ".weight", in, out);
    add(name + ".bias", out);
  }

  private void add(String name, long... shape) {
    shapes.put(name, shape);
  }
}
