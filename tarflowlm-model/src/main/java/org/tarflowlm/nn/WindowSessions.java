package org.tarflowlm.nn;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.nd4j.autodiff.listeners.Listener;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.graph.Window;
import org.tarflowlm.nn.session.GraphSession;
import org.tarflowlm.nn.session.QuietOutput;

/** The graph for one kind of {@link Window}, and the sessions that run it forward and backward. Another kind of window replaces it. */
final class WindowSessions {
  private final BiConsumer<SameDiff, Window> builder;
  private Window window;
  private SameDiff graph;
  private GraphSession forward;
  private GraphSession backward;
  private List<Listener> listeners = List.of();

  /** @param builder fills an empty graph for a kind of window */
  WindowSessions(BiConsumer<SameDiff, Window> builder) {
    this.builder = builder;
  }

  /** Window of the current graph; null without one. */
  Window window() {
    return window;
  }

  /** The graph for these windows; the current one if it matches. */
  SameDiff graph(Window wanted) {
    if (!wanted.equals(window)) {
      close();
      try (MemoryWorkspace ignored = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces()) {
        graph = InverseSession.emptyGraph();
        builder.accept(graph, wanted);
      }
      window = wanted;
    }
    return graph;
  }

  /** The graph for these windows with its gradients. */
  SameDiff differentiable(Window wanted) {
    SameDiff result = graph(wanted);
    if (backward == null) {
      try (MemoryWorkspace ignored = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces()) {
        QuietOutput.run(result::createGradFunction);
        backward = new GraphSession(result.getFunction("grad"));
      }
    }
    return result;
  }

  /** Outputs of the current graph, copied. */
  Map<String, INDArray> outputs(List<String> names, Map<String, INDArray> placeholders) {
    if (forward == null) {
      forward = new GraphSession(graph);
    }
    Map<String, INDArray> results = new HashMap<>();
    try (MemoryWorkspace ignored = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces()) {
      forward.run(names, placeholders, Operation.INFERENCE, listeners, Map.of()).forEach((name, array) -> results.put(name, array.dup()));
    } finally {
      forward.endStep();
    }
    return results;
  }

  /** Outputs of the graph's gradient function, valid until {@link #endStep}; see {@link GraphSession#run}. */
  Map<String, INDArray> gradients(List<String> names, Map<String, INDArray> placeholders, Map<String, INDArray> targets) {
    return backward.run(names, placeholders, Operation.TRAINING, listeners, targets);
  }

  void endStep() {
    graph.clearPlaceholders(true);
    graph.clearOpInputs();
    backward.endStep();
  }

  void setListeners(List<Listener> listeners) {
    this.listeners = listeners;
  }

  long workingMemoryBytes() {
    return (forward == null ? 0 : forward.bytes()) + (backward == null ? 0 : backward.bytes());
  }

  long peakLiveBytes() {
    return (forward == null ? 0 : forward.peakLiveBytes()) + (backward == null ? 0 : backward.peakLiveBytes());
  }

  /** Frees the native memory, which is allocated again when needed. */
  void close() {
    if (forward != null) {
      forward.close();
      forward = null;
    }
    if (backward != null) {
      backward.close();
      backward = null;
    }
    window = null;
  }
}
