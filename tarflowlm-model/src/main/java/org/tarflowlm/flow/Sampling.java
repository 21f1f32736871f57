package org.tarflowlm.flow;

import java.util.function.BiPredicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.tarflowlm.config.Coupling;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.generate.GenerationOptions;

/**
 * How sampling reshapes a model's distributions. {@link GenerationOptions} explains each number.
 *
 * @param temperature divides the logits of Mix-d weights, and of a Mix-1 flow's weights if only affine flows precede it; above 0
 * @param noiseTemperature standard deviation of the base noise; above 0
 * @param topK keeps this many of the most probable Mix-d components; 0 keeps all
 * @param topP keeps the smallest set of most probable Mix-d components with at least this total probability; in (0, 1], 1 keeps all
 * @param minP removes Mix-d components less probable than this share of the most probable one; in [0, 1], 0 keeps all
 */
public record Sampling(double temperature, double noiseTemperature, int topK, double topP, double minP) {
  /** Samples from the unchanged model. */
  public static final Sampling DEFAULT = new Sampling(1.0, 1.0, 0, 1.0);

  public Sampling {
    requirePositive("temperature", temperature);
    requirePositive("noiseTemperature", noiseTemperature);
    if (topK < 0) {
      throw new IllegalArgumentException("topK is " + topK + "; expected at least 0");
    }
    if (!(topP > 0 && topP <= 1)) {
      throw new IllegalArgumentException("topP is " + topP + "; expected a number above 0 and at most 1");
    }
    if (!(minP >= 0 && minP <= 1)) {
      throw new IllegalArgumentException("minP is " + minP + "; expected a number of at least 0 and at most 1");
    }
  }

  /** Without min-p. */
  public Sampling(double temperature, double noiseTemperature, int topK, double topP) {
    this(temperature, noiseTemperature, topK, topP, 0.0);
  }

  /**
   * Checks that a model supports every option that is set.
   *
   * @throws IllegalArgumentException if top-k, top-p or min-p is set without a Mix-d flow, or the temperature is not 1 and divides no
   *     flow's weights
   */
  public void requireHonoured(TarFlowConfig config) {
    requireHonoured(config, 0, config.flows().size(), "the model's flows are");
  }

  /**
   * Like {@link #requireHonoured(TarFlowConfig)}, for one flow and its in-token flows; the noise temperature acts on the last flow only.
   *
   * @param flow index of a flow that has its own transformer
   * @throws IllegalArgumentException as {@link #requireHonoured(TarFlowConfig)}
   */
  public void requireHonoured(TarFlowConfig config, int flow) {
    requireHonoured(config, flow, config.endOfTrunk(flow), "flow " + flow + " is");
    if (noiseTemperature != 1.0 && config.endOfTrunk(flow) < config.flows().size()) {
      throw new IllegalArgumentException("noiseTemperature is " + noiseTemperature + ", but flow " + flow + " does not read the noise;"
          + " expected 1");
    }
  }

  private void requireHonoured(TarFlowConfig config, int from, int to, String subject) {
    String found = subject + " " + config.flows().subList(from, to).stream().map(each -> each.coupling().toString()).distinct()
        .collect(Collectors.joining(" and "));
    String choice = topK > 0 ? "topK is " + topK : topP < 1 ? "topP is " + topP : minP > 0 ? "minP is " + minP : null;
    if (choice != null && !any(config, from, to, Sampling::chooses)) {
      throw new IllegalArgumentException(choice + ", but " + found + "; only MIX_D and AFFINE_D have components to choose from");
    }
    if (temperature != 1.0 && !any(config, from, to, Sampling::sharpens)) {
      throw new IllegalArgumentException("temperature is " + temperature + ", but " + found + "; only MIX_D, AFFINE_D and a first MIX_1 "
          + "have weights to divide; noiseTemperature scales the noise");
    }
  }

  /** The options that one flow and its in-token flows support. */
  public Sampling of(TarFlowConfig config, int flow) {
    int end = config.endOfTrunk(flow);
    boolean chooses = any(config, flow, end, Sampling::chooses);
    return new Sampling(any(config, flow, end, Sampling::sharpens) ? temperature : 1.0,
        end == config.flows().size() ? noiseTemperature : 1.0, chooses ? topK : 0, chooses ? topP : 1.0, chooses ? minP : 0.0);
  }

  private static boolean any(TarFlowConfig config, int from, int to, BiPredicate<TarFlowConfig, Integer> does) {
    return IntStream.range(from, to).anyMatch(flow -> does.test(config, flow));
  }

  private static boolean chooses(TarFlowConfig config, int flow) {
    return config.flows().get(flow).coupling().sharesComponents();
  }

  /** Whether the temperature divides a flow's weights: for Mix-d flows, and for a Mix-1 flow whose mixtures are those of z. */
  static boolean sharpens(TarFlowConfig config, int flow) {
    return chooses(config, flow) || config.flows().get(flow).coupling() == Coupling.MIX_1
        && config.flows().subList(0, flow).stream().allMatch(before -> before.coupling() == Coupling.AFFINE);
  }

  public TokenFilter filter() {
    boolean none = temperature == 1.0 && topK == 0 && topP == 1.0 && minP == 0.0;
    return none ? TokenFilter.NONE : new TokenFilter(temperature, topK, topP, minP);
  }

  private static void requirePositive(String name, double value) {
    if (!(value > 0) || Double.isInfinite(value)) {
      throw new IllegalArgumentException(name + " is " + value + "; expected a positive number");
    }
  }
}
