package org.tarflowlm.coupling;

import java.util.Optional;
import org.apache.logging.log4j.LogManager;

/**
 * The loops of {@link MixtureCdfLanes} over components and rows with explicit vector instructions, where the JVM has the module
 * {@code jdk.incubator.vector}. They take a component from its logit to its place in the sums without leaving the registers, which no
 * loop does that the compiler vectorises by itself.
 *
 * <p>Arrays of components are [K][R] with R a multiple of {@link #lanes}; rows that only fill up hold anything.
 */
interface MixtureLoops {
  String MODULE = "jdk.incubator.vector";

  /** Rows of one vector. */
  int lanes();

  /**
   * Evaluates mixtures: from logits in {@code m.weight}, {@code w.mean}, log-scales in {@code w.inverseScale} and z in row 0 to
   * {@code m.weight}, {@code m.offset}, {@code w.inverseScale}, {@code m.joint} and, with {@code tails}, {@code m.below} and
   * {@code m.above}. Of these, weight, joint, below and above lack the factor in row 4, one over the sum of the weights, which is row 2;
   * {@code m.density}, and the sums of {@code m.below} in {@code m.tail} and of {@code m.above} in {@code m.lower}, have it. Row 1 is
   * the largest 1 / s_k.
   */
  void evaluate(MixtureLanes m, LaneWorkspace w, boolean tails, int k, int pitch);

  /**
   * What {@link MixtureCdfLanes} saves, from what {@link #evaluate} left and rows 0 to 3 of its tail factors (3 alone without
   * {@code tails}): final weights, posterior weights in {@code m.joint}, {@code w.curve}, and {@code w.tilt} with {@code tails}.
   */
  void prepareGradient(MixtureLanes m, LaneWorkspace w, boolean tails, int k, int pitch);

  /**
   * Gradients {@code w.dWeight}, {@code w.dMean}, {@code w.dLogScale} from what was saved and rows 0 to 2 of its factors (1 alone without
   * {@code tails}); row 3 becomes the sum of {@code w.dMean} over components.
   */
  void gradient(MixtureLanes m, LaneWorkspace w, boolean tails, int k, int pitch);

  /** The loops, if the module is there: {@code java --add-modules jdk.incubator.vector}. */
  static Optional<MixtureLoops> find() {
    if (ModuleLayer.boot().findModule(MODULE).isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of((MixtureLoops) Class.forName("org.tarflowlm.coupling.MixtureVectors").getDeclaredConstructor().newInstance());
    } catch (ReflectiveOperationException | LinkageError e) {
      LogManager.getLogger(MixtureLoops.class).warn("{} is there but cannot be used: {}", MODULE, e.toString());
      return Optional.empty();
    }
  }
}
