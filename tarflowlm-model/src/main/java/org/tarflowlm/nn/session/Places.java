package org.tarflowlm.nn.session;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.nn.session.MemoryPlan.Value;
import org.tarflowlm.nn.session.RecordedRun.Step;
import org.tarflowlm.ops.Tensors;

/**
 * Where a recorded run's arrays lie in a {@link SharedBlock}. A buffer of a {@link RecyclingMemory} holds one value after the other: each
 * begins with a step that writes to it, ends with the last step that reads it before the next, and gets a place of its own.
 */
final class Places {
  /** One mention of an array by a step or among the run's results. */
  private record Use(INDArray array, Value value, Consumer<INDArray> replace) {}

  private final RecyclingMemory recorded;
  private final MemoryPlan plan = new MemoryPlan();
  private final Map<DataBuffer, Value> current = new IdentityHashMap<>();
  private final List<Use> uses = new ArrayList<>();
  private long bytes;
  private int version;

  private Places(RecyclingMemory recorded) {
    this.recorded = recorded;
  }

  /**
   * The places of a run's arrays; null if a block could not hold one of them, because it shows a part of a buffer, say.
   *
   * @param memory where they lie until {@link #move}; arrays outside it, such as parameters, never move
   */
  static Places of(List<Step> steps, Map<String, INDArray> results, RecyclingMemory memory) {
    Places places = new Places(memory);
    boolean possible = true;
    for (int i = 0; i < steps.size() && possible; i++) {
      Step step = steps.get(i);
      possible = places.useAll(step.inputs, i);
      places.begin(step, i);
      possible = possible && places.useAll(step.outputs, i);
    }
    for (Map.Entry<String, INDArray> each : results.entrySet()) {
      possible = possible && places.use(each.getValue(), steps.size(), each::setValue);
    }
    places.current.clear();
    places.bytes = possible ? places.plan.place() : 0;
    return possible ? places : null;
  }

  /** Begins the values that a step writes. */
  private void begin(Step step, int at) {
    for (INDArray output : step.outputs) {
      DataBuffer buffer = recorded.bufferOf(output);
      if (buffer != null && step.inputs.stream().noneMatch(input -> recorded.bufferOf(input) == buffer)) {
        current.put(buffer, plan.add(buffer.length() * buffer.dataType().width(), at));
      }
    }
  }

  private boolean useAll(List<INDArray> arrays, int step) {
    boolean possible = true;
    for (int i = 0; i < arrays.size(); i++) {
      int index = i;
      possible &= use(arrays.get(i), step, array -> arrays.set(index, array));
    }
    return possible;
  }

  /** Notes a use; returns whether a block could hold the array. */
  private boolean use(INDArray array, int step, Consumer<INDArray> replace) {
    DataBuffer buffer = recorded.bufferOf(array);
    if (buffer == null) {
      return true;
    }
    Value value = current.get(buffer);
    if (value == null || array.length() != buffer.length() || !Tensors.isDense(array)) {
      return false;
    }
    value.keep(step);
    uses.add(new Use(array, value, replace));
    return true;
  }

  /** Makes room in a block. */
  void reserve(SharedBlock block) {
    block.ensure(bytes);
  }

  /** Replaces the arrays by ones in the block, which has room, unless they lie there already; returns whether it did. */
  boolean move(SharedBlock block) {
    if (version == block.version()) {
      return false;
    }
    version = block.version();
    Map<List<Object>, INDArray> made = new HashMap<>();
    for (Use use : uses) {
      INDArray old = use.array;
      List<Object> key = List.of(use.value.offset(), old.dataType(), Arrays.toString(old.shape()));
      use.replace.accept(made.computeIfAbsent(key, ignored -> block.array(old.dataType(), old.shape(), use.value.offset())));
    }
    return true;
  }
}
