package org.tarflowlm.nn.session;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.Listener;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.InferenceSession;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Runs a SameDiff graph many times in recycled memory. It repeats earlier runs from a {@link RecordedRun}.
 *
 * <p>M2.1's session keeps the id of every array that it ever released, so its memory grows throughout training. This class empties that
 * set before each run.
 */
public final class GraphSession extends InferenceSession {
  /** Limits native handles; enough for full, last and validation batches and all sizes of eval.TextWindows. */
  private static final int MOST_RECORDED = 16;

  private final SameDiff graph;
  private final OpParts parts;
  private final RecyclingMemory memory = new RecyclingMemory();
  private final SharedBlock block = new SharedBlock();
  private final Map<List<Object>, RecordedRun> recorded = new HashMap<>();
  private boolean justRecorded;

  public GraphSession(SameDiff graph) {
    this(graph, OpParts.ofMachine());
  }

  /** @param parts splits ops of recorded runs among threads */
  GraphSession(SameDiff graph, OpParts parts) {
    super(graph);
    this.graph = graph;
    this.parts = parts;
    graph.setEnableCache(true);
    setMmgr(memory);
  }

  /**
   * Computes outputs. They are valid until {@link #endStep()}; copy what you need after it.
   *
   * @param placeholders arrays by placeholder name
   * @param listeners notified of every op that runs
   * @param targets dense arrays that receive some of the outputs, by output name; always the same arrays for the same outputs
   */
  public Map<String, INDArray> run(List<String> outputs, Map<String, INDArray> placeholders, Operation operation, List<Listener> listeners,
      Map<String, INDArray> targets) {
    try (MemoryWorkspace ignored = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces()) {
      List<Object> key = key(outputs, placeholders, operation);
      RecordedRun known = listeners.isEmpty() ? recorded.get(key) : null;
      if (known != null && known.isRepeatable()) {
        return known.repeat(placeholders);
      }
      if (known != null || !listeners.isEmpty() || recorded.size() == MOST_RECORDED) {
        return copied(runAnew(outputs, placeholders, operation, listeners), targets);
      }
      RecordedRun run = new RecordedRun(placeholders, parts);
      Map<String, INDArray> results = runAnew(outputs, run.placeholders(), operation, List.of(run.recorder()));
      Map<String, INDArray> copied = copied(results, targets);
      run.finish(results, targets, memory);
      recorded.put(key, run);
      justRecorded = true;
      return copied;
    }
  }

  private Map<String, INDArray> runAnew(List<String> outputs, Map<String, INDArray> placeholders, Operation operation,
      List<Listener> listeners) {
    freedArrays.clear();
    return output(outputs, placeholders, null, Collections.emptyList(), listeners, At.defaultAt(operation));
  }

  private static Map<String, INDArray> copied(Map<String, INDArray> results, Map<String, INDArray> targets) {
    Map<String, INDArray> all = new HashMap<>(results);
    targets.forEach((name, target) -> all.put(name, target.assign(results.get(name))));
    return all;
  }

  /** Key of a recorded run: everything that determines which ops run on which arrays. */
  private static List<Object> key(List<String> outputs, Map<String, INDArray> placeholders, Operation operation) {
    List<Object> key = new ArrayList<>(List.of(operation, List.copyOf(outputs)));
    new TreeMap<>(placeholders).forEach((name, array) -> key.addAll(List.of(name, array.dataType(), Arrays.toString(array.shape()))));
    return key;
  }

  /** Ends a step: clears the placeholders and recycles the memory of all outputs. */
  public void endStep() {
    graph.clearPlaceholders(true);
    graph.clearOpInputs();
    memory.endStep();
    if (justRecorded) {
      recorded.values().forEach(run -> run.reserve(block)); // before any moves there: a block that grows lies elsewhere
      boolean moved = true;
      for (RecordedRun run : recorded.values()) {
        moved &= run.move(block);
      }
      if (moved) {
        memory.close();
      }
      justRecorded = false;
    }
  }

  /** How many ids of released arrays M2.1's session keeps. */
  public int rememberedArrays() {
    return freedArrays.size();
  }

  /** Bytes of native memory that runs hold. */
  public long bytes() {
    return memory.bytes() + block.bytes();
  }

  /** Most bytes in use at one time. */
  public long peakLiveBytes() {
    return memory.peakLiveBytes();
  }

  /** Frees the native memory and the handles of recorded runs. */
  public void close() {
    recorded.values().forEach(RecordedRun::close);
    recorded.clear();
    memory.close();
    block.close();
  }
}
