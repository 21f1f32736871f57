package org.tarflowlm.nn;

import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.ToLongFunction;
import org.nd4j.autodiff.listeners.Listener;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.backend.HostMemory;
import org.tarflowlm.graph.Window;
import org.tarflowlm.nn.session.GraphSession;
import org.tarflowlm.nn.session.QuietOutput;

/**
 * Graphs for windows of several forms, and the sessions that run them forward and backward. The forms used last stay, bounded in number
 * and in native memory; of the graphs with gradients, whose memory is many times that of a forward pass, only the last one.
 */
final class WindowSessions {
  /** As many as scoring has lengths of window (eval.TextWindows), with room for full windows and a stride's. */
  private static final int MOST = 24;
  private static final long MOST_BYTES = 512L << 20;

  private final BiConsumer<SameDiff, Window> builder;
  private final int most;
  private final long mostBytes;
  /** The one used last comes last. */
  private final Map<Window, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);
  private Entry current;
  private List<Listener> listeners = List.of();

  /** The graph for one form of window. */
  private static final class Entry {
    private final Window window;
    private final SameDiff graph;
    private GraphSession forward;
    private GraphSession backward;

    Entry(Window window, SameDiff graph) {
      this.window = window;
      this.graph = graph;
    }

    long sum(ToLongFunction<GraphSession> bytes) {
      return (forward == null ? 0 : bytes.applyAsLong(forward)) + (backward == null ? 0 : bytes.applyAsLong(backward));
    }

    void close() {
      if (forward != null) {
        forward.close();
      }
      if (backward != null) {
        backward.close();
      }
    }
  }

  /** @param builder fills an empty graph for windows */
  WindowSessions(BiConsumer<SameDiff, Window> builder) {
    this(builder, MOST, MOST_BYTES);
  }

  /**
   * As {@link #WindowSessions(BiConsumer)}.
   *
   * @param most graphs to keep; one where a device's memory is scarce
   * @param mostBytes native memory of the graphs beside the one in use
   */
  WindowSessions(BiConsumer<SameDiff, Window> builder, int most, long mostBytes) {
    this.builder = builder;
    this.most = most;
    this.mostBytes = mostBytes;
  }

  /** Window of the current graph; null without one. */
  Window window() {
    return current == null ? null : current.window;
  }

  /** How many graphs there are. */
  int size() {
    return entries.size();
  }

  /** The graph for these windows, which becomes the current one. */
  SameDiff graph(Window wanted) {
    if (current == null || !wanted.equals(current.window)) {
      Entry known = entries.get(wanted);
      current = null;
      makeRoom(known);
      current = known == null ? build(wanted) : known;
    }
    return current.graph;
  }

  private Entry build(Window wanted) {
    try (MemoryWorkspace ignored = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces()) {
      Entry result = new Entry(wanted, InverseSession.emptyGraph());
      builder.accept(result.graph, wanted);
      entries.put(wanted, result);
      return result;
    }
  }

  /** @param wanted stays; null if it is still to come */
  private void makeRoom(Entry wanted) {
    int limit = (HostMemory.isShared() ? most : 1) - (wanted == null ? 1 : 0);
    long bytes = entries.values().stream().filter(each -> each != wanted).mapToLong(each -> each.sum(GraphSession::bytes)).sum();
    for (Iterator<Entry> oldest = entries.values().iterator(); oldest.hasNext() && (entries.size() > limit || bytes > mostBytes);) {
      Entry each = oldest.next();
      if (each != wanted) {
        bytes -= each.sum(GraphSession::bytes);
        each.close();
        oldest.remove();
      }
    }
  }

  /** The graph for these windows with its gradients. */
  SameDiff differentiable(Window wanted) {
    SameDiff result = graph(wanted);
    if (current.backward == null) {
      entries.values().removeIf(each -> {
        boolean other = each.backward != null;
        if (other) {
          each.close();
        }
        return other;
      });
      try (MemoryWorkspace ignored = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces()) {
        QuietOutput.run(result::createGradFunction);
        current.backward = new GraphSession(result.getFunction("grad"));
      }
    }
    return result;
  }

  /** Outputs of the current graph, copied. */
  Map<String, INDArray> outputs(List<String> names, Map<String, INDArray> placeholders) {
    if (current.forward == null) {
      current.forward = new GraphSession(current.graph);
    }
    Map<String, INDArray> results = new HashMap<>();
    try (MemoryWorkspace ignored = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces()) {
      current.forward.run(names, placeholders, Operation.INFERENCE, listeners, Map.of())
          .forEach((name, array) -> results.put(name, array.dup()));
    } finally {
      current.forward.endStep();
    }
    return results;
  }

  /** Outputs of the graph's gradient function, valid until {@link #endStep}; see {@link GraphSession#run}. */
  Map<String, INDArray> gradients(List<String> names, Map<String, INDArray> placeholders, Map<String, INDArray> targets) {
    return current.backward.run(names, placeholders, Operation.TRAINING, listeners, targets);
  }

  void endStep() {
    current.graph.clearPlaceholders(true);
    current.graph.clearOpInputs();
    current.backward.endStep();
  }

  void setListeners(List<Listener> listeners) {
    this.listeners = listeners;
  }

  long workingMemoryBytes() {
    return entries.values().stream().mapToLong(each -> each.sum(GraphSession::bytes)).sum();
  }

  long peakLiveBytes() {
    return entries.values().stream().mapToLong(each -> each.sum(GraphSession::peakLiveBytes)).sum();
  }

  /** Frees the native memory, which is allocated again when needed. */
  void close() {
    entries.values().forEach(Entry::close);
    entries.clear();
    current = null;
  }
}
