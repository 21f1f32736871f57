package org.tarflowlm.inverse;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.kernel.Parallel;

/** What parallel decoding knows of a stack's flows: how fast each went so far, and which tokens follow which. Shared by threads. */
final class ParallelFlows {
  /** Positions of a block: more make few passes fewer, and all of them dearer. */
  static final int WINDOW = 8;
  /** Rows of a part that are worth a second core. */
  private static final int PART = 4;
  /** With more components than this, n-gram weights would take longer than the transformer's. */
  private static final int MOST_COMPONENTS = 256;

  private final StackWeights weights;
  private final Supplier<int[]> text;
  private final List<DecodingPace> paces = new ArrayList<>();
  private final NGramTable[] tables;
  private final int window;

  ParallelFlows(StackWeights weights, Supplier<int[]> text) {
    this(weights, text, WINDOW);
  }

  /**
   * With blocks of another size.
   *
   * @param text tokens that the n-grams begin with, such as a typical text; read at the first use
   * @param window positions of a block
   */
  ParallelFlows(StackWeights weights, Supplier<int[]> text, int window) {
    this.weights = weights;
    this.text = text;
    this.window = window;
    weights.flows().forEach(flow -> paces.add(new DecodingPace()));
    tables = new NGramTable[weights.flows().size()];
  }

  /** Flow l's decoding of one sequence; null where it goes by steps alone. */
  ParallelDecoding of(int l, Decoding wanted, TokenFilter filter, Workspace workspace) {
    if (wanted == Decoding.SEQUENTIAL) {
      return null;
    }
    return new ParallelDecoding(draft(l, filter, workspace), paces.get(l), wanted, window,
        Math.max(1, Math.min(Parallel.threads(), window / PART)));
  }

  private Draft draft(int l, TokenFilter filter, Workspace workspace) {
    TarFlowConfig config = weights.config();
    FlowWeights flow = weights.flows().get(l);
    if (flow.components() == null || flow.components().count() > MOST_COMPONENTS) {
      return new NoiseDraft(config.channels());
    }
    return new NGramDraft(table(l, flow.spec()), flow.components(), filter, workspace, config.patchSize());
  }

  private synchronized NGramTable table(int l, FlowSpec flow) {
    if (tables[l] == null) {
      tables[l] = new NGramTable(flow.mixtures());
      if (flow.tied() && weights.flows().get(l).leftToRight()) {
        int[] tokens = text.get();
        tables[l].learn(tokens, 0, tokens.length);
      }
    }
    return tables[l];
  }

  /** Of every flow, how parallel decoding went so far. */
  List<DecodingPace> paces() {
    return List.copyOf(paces);
  }
}
