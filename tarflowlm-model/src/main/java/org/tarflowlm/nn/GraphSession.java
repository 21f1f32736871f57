package org.tarflowlm.nn;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.Listener;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.InferenceSession;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Runs a SameDiff graph again and again in recycled memory.
 *
 * <p>M2.1's session remembers the id of every array it ever released and never forgets one, which grows without end over a training
 * run; here the set is emptied before each run.
 */
final class GraphSession extends InferenceSession {
  private final SameDiff graph;
  private final RecyclingMemory memory = new RecyclingMemory();
  private Set<String> knownOutputs = Set.of();
  private List<String> knownVariables = List.of();
  private List<String> knownOps = List.of();

  GraphSession(SameDiff graph) {
    super(graph);
    this.graph = graph;
    graph.setEnableCache(true);
    setMmgr(memory);
  }

  /**
   * Computes outputs, which are valid until {@link #endStep()}: copy what must outlive it.
   *
   * @param placeholders arrays by placeholder name
   * @param listeners told of every op that runs
   */
  Map<String, INDArray> run(List<String> outputs, Map<String, INDArray> placeholders, Operation operation, List<Listener> listeners) {
    freedArrays.clear();
    try (MemoryWorkspace ignored = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces()) {
      return output(outputs, placeholders, null, Collections.emptyList(), listeners, At.defaultAt(operation));
    }
  }

  /** Which variables and ops the outputs need: M2.1 works that out anew in every run, though the graph here never changes. */
  @Override
  protected void initSubgraph(Set<String> outputs) {
    if (outputs.equals(knownOutputs)) {
      subgraph.addAll(knownVariables);
      subgraphOps.addAll(knownOps);
      return;
    }
    super.initSubgraph(outputs);
    knownOutputs = Set.copyOf(outputs);
    knownVariables = List.copyOf(subgraph);
    knownOps = List.copyOf(subgraphOps);
  }

  void endStep() {
    graph.clearPlaceholders(true);
    graph.clearOpInputs();
    memory.endStep();
  }

  /** Ids of released arrays that M2.1's session keeps. */
  int rememberedArrays() {
    return freedArrays.size();
  }

  /** Bytes of native memory that runs have taken so far. */
  long bytes() {
    return memory.bytes();
  }

  /** Most bytes in use at one time. */
  long peakLiveBytes() {
    return memory.peakLiveBytes();
  }

  void close() {
    memory.close();
  }
}
