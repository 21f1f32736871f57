package org.tarflowlm.generate.parallel;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.flow.FlowTransform;
import org.tarflowlm.flow.FlowWeights;
import org.tarflowlm.flow.StackWeights;
import org.tarflowlm.flow.TokenFilter;
import org.tarflowlm.kernel.Parallel;

/**
 * What parallel decoding knows about a stack's flows: each flow's speed so far, its n-grams, and how strongly its output depends on its
 * input. Many threads may share an instance.
 */
public final class ParallelFlows {
  /** Error of a latent that counts as none: the second decimal decides the token, and single precision rounds at the seventh. */
  public static final double TOLERANCE = 1e-5;
  /** Rows for which a matrix product takes hardly longer than for one, because it must read the weights anyway. */
  private static final int PART = 4;
  private static final int MOST_PARTS = 4;
  private static final int LEAST_WINDOW = 8;
  /** With more components, n-gram weights would take longer to compute than the transformer's. */
  private static final int MOST_COMPONENTS = 256;

  private final StackWeights weights;
  private final Supplier<NGramTable> ngrams;
  private final List<DecodingSpeed> speeds = new ArrayList<>();
  private final Map<Integer, NGramTable> tables = new ConcurrentHashMap<>();
  private final Map<Integer, ParallelDecoding.Blocks> rules = new ConcurrentHashMap<>();
  private final int window;
  private final double tolerance;

  /**
   * @param ngrams guess the tokens of a tied flow that reads left to right; requested at the first use
   * @param window fixed number of positions per block; 0 to choose by flow and machine
   * @param tolerance error of a latent that counts as none
   */
  public ParallelFlows(StackWeights weights, Supplier<NGramTable> ngrams, int window, double tolerance) {
    this.weights = weights;
    this.ngrams = ngrams;
    this.window = window;
    // a masked head has no margin between tokens, so the flows above it would have to be exact anyway
    this.tolerance = weights.flows().get(0).components() == null ? 0.0 : tolerance;
    weights.flows().forEach(flow -> speeds.add(new DecodingSpeed()));
  }

  /** Number of parts of a block to compute in parallel; 1 for steps only. */
  private int parts(Decoding wanted) {
    return wanted == Decoding.SEQUENTIAL ? 1 : Math.max(1, Math.min(Parallel.threads(), window == 0 ? MOST_PARTS : window / PART));
  }

  /** Flow l, prepared for decoding a single sequence in blocks. */
  public FlowTransform transform(int l, int positions, Decoding wanted, TokenFilter filter, Workspace workspace) {
    return new FlowTransform(weights.flows().get(l), weights.config().channels(), 1, positions, filter, workspace, parts(wanted),
        ComponentMargin::new);
  }

  /**
   * The inverse of the whole stack over the span [from, to) of a single sequence.
   *
   * @param transforms the flows, each made by {@link #transform}
   * @param level inputs of every flow, then u; [L + 1][1][positions * D]
   */
  public ParallelSpan span(List<FlowTransform> transforms, double[][][] level, int from, int to, Decoding wanted, TokenFilter filter,
      Workspace workspace) {
    List<ParallelTransform> flows = new ArrayList<>();
    for (int l = 0; l < transforms.size(); l++) {
      flows.add(new ParallelTransform(transforms.get(l), of(l, wanted, filter, workspace), level[l][0].length));
    }
    return new ParallelSpan(flows, level, from, to);
  }

  /** Flow l's decoding of one sequence. */
  ParallelDecoding of(int l, Decoding wanted, TokenFilter filter, Workspace workspace) {
    return new ParallelDecoding(draft(l, filter, workspace), speeds.get(l), wanted, () -> rules.computeIfAbsent(l, this::rule),
        weights.config().channels());
  }

  /**
   * How to decode. AUTO is clear beforehand where nothing guesses the tokens of the first flow: by steps, since a pass then finishes one
   * position and takes as long as several steps.
   */
  public Decoding resolve(Decoding wanted) {
    return wanted == Decoding.AUTO && weights.flows().get(0).components() != null && !guessedByNGrams(0) ? Decoding.SEQUENTIAL : wanted;
  }

  /** Whether all flows would take steps for that many tokens of a single sequence; if so, counts their stretches with AUTO. */
  public boolean goesBySteps(Decoding wanted, int tokens) {
    int stretches = ParallelTransform.stretches((tokens + weights.config().patchSize() - 1) / weights.config().patchSize());
    if (resolve(wanted) == Decoding.AUTO && speeds.stream().allMatch(speed -> speed.goesBySteps(stretches))) {
      speeds.forEach(speed -> speed.passed(stretches));
      return true;
    }
    return resolve(wanted) == Decoding.SEQUENTIAL;
  }

  private Draft draft(int l, TokenFilter filter, Workspace workspace) {
    return guessedByNGrams(l)
        ? new NGramDraft(() -> tables.computeIfAbsent(l, this::table), weights.flows().get(l).components(), filter, workspace,
            weights.config().patchSize())
        : new Draft.Noise(weights.config().channels());
  }

  private boolean guessedByNGrams(int l) {
    FlowWeights flow = weights.flows().get(l);
    return flow.components() != null && flow.components().count() <= MOST_COMPONENTS;
  }

  private NGramTable table(int l) {
    FlowWeights flow = weights.flows().get(l);
    return flow.spec().tied() && flow.leftToRight() ? ngrams.get() : NGramTable.empty(flow.spec().mixtures());
  }

  private ParallelDecoding.Blocks rule(int l) {
    int usual = Math.max(LEAST_WINDOW, PART * Math.min(MOST_PARTS, Parallel.threads()));
    if (tolerance == 0 || guessedByNGrams(l)) {
      return window == 0 ? new ParallelDecoding.Blocks(usual, PART, tolerance) : new ParallelDecoding.Blocks(window, window, tolerance);
    }
    TarFlowConfig config = weights.config();
    FlowSensitivity sensitivity = FlowSensitivity.of(weights.flows().get(l), config.channels(), config.positions());
    boolean atOnce = sensitivity.error() <= tolerance;
    int size = window != 0 ? window : atOnce ? FlowTransform.GROUP : usual;
    return new ParallelDecoding.Blocks(size, size, tolerance / Math.max(sensitivity.factor(), tolerance));
  }

  /** Speed of decoding so far, by flow. */
  public List<DecodingSpeed> speeds() {
    return List.copyOf(speeds);
  }
}
