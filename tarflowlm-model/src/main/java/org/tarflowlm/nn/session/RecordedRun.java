package org.tarflowlm.nn.session;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.BaseListener;
import org.nd4j.autodiff.listeners.Listener;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.Op;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.api.ops.impl.controlflow.compat.BaseCompatOp;
import org.nd4j.linalg.api.ops.impl.shape.CreateView;
import org.nd4j.linalg.api.ops.impl.transforms.custom.Assign;
import org.nd4j.linalg.api.ops.impl.transforms.same.Identity;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.backend.HostMemory;
import org.tarflowlm.kernel.Parallel;
import org.tarflowlm.ops.JavaOp;
import org.tarflowlm.ops.Tensors;

/**
 * The ops of one run of a graph, in order, with the arrays that they read and fill. The run can be repeated on new placeholder values.
 * In every run, SameDiff works out again which op comes next, which shapes it fills and which arrays it may release. That takes some
 * milliseconds of a training step; a recorded run takes them once for each shape of the input.
 *
 * <p>The arrays that the run got from a {@link RecyclingMemory} become arrays in a {@link SharedBlock}, by a {@link MemoryPlan}: the pool
 * reuses buffers only for values of the same length. Where that is impossible, the arrays stay, and many ops use one buffer in turn. A
 * repetition writes to them in the same order, so it needs no memory of its own. Repetitions and other runs in the same memory must not
 * overlap.
 */
final class RecordedRun {
  private final Map<String, INDArray> placeholders = new HashMap<>();
  private final List<Step> steps = new ArrayList<>();
  private final OpParts parts;
  private final Map<String, INDArray> results = new HashMap<>();
  private boolean repeatable = true;
  /** Places of the arrays in a block; null if they stay in the memory in which the run was recorded. */
  private Places places;

  /**
   * @param values placeholders of the run to record; copied, because a repetition overwrites them
   * @param parts splits ops among the threads of a repetition
   */
  RecordedRun(Map<String, INDArray> values, OpParts parts) {
    this.parts = parts;
    values.forEach((name, array) -> placeholders.put(name, array.dup('c').detach()));
  }

  /** Placeholders for the run to record. */
  Map<String, INDArray> placeholders() {
    return placeholders;
  }

  /** The listener that records the run's ops. */
  Listener recorder() {
    return new Recorder();
  }

  /**
   * Ends the recording.
   *
   * @param outputs the arrays that the run returned
   * @param targets arrays that receive some of the outputs in a repetition; the op that fills such an output then writes to them directly
   * @param memory where the run's arrays lie
   */
  void finish(Map<String, INDArray> outputs, Map<String, INDArray> targets, RecyclingMemory memory) {
    results.putAll(outputs);
    results.putAll(targets);
    targets.forEach((name, target) -> redirect(outputs.get(name), target));
    places = repeatable && HostMemory.isShared() ? Places.of(steps, results, memory) : null;
    steps.forEach(Step::bind);
  }

  /** Makes room in a block. */
  void reserve(SharedBlock block) {
    if (places != null) {
      places.reserve(block);
    }
  }

  /**
   * Moves the arrays to a block, which has room, if they can.
   *
   * @return whether repetitions use none of the memory in which the run was recorded
   */
  boolean move(SharedBlock block) {
    if (places != null && places.move(block)) {
      steps.forEach(Step::bind);
    }
    return places != null;
  }

  /** Makes the last op that fills {@code from} write to {@code to} instead; earlier ops may use {@code from} for other values. */
  private void redirect(INDArray from, INDArray to) {
    int last = Tensors.isDense(from) ? steps.size() - 1 : -1;
    while (last >= 0 && !steps.get(last).fills(from)) {
      last--;
    }
    if (last < 0) {
      steps.add(new JavaStep(List.of(from), List.of(to), (inputs, filled) -> filled.get(0).assign(inputs.get(0))));
      return;
    }
    steps.get(last).replaceOutput(from, to);
    for (Step step : steps.subList(last + 1, steps.size())) {
      step.replaceInput(from, to);
    }
  }

  /** Whether the run can be repeated; false if only SameDiff itself can run some op of the graph. */
  boolean isRepeatable() {
    return repeatable;
  }

  /** Runs all ops again on new placeholder values; returns the outputs, in their targets or in arrays of the run. */
  Map<String, INDArray> repeat(Map<String, INDArray> values) {
    placeholders.forEach((name, array) -> array.assign(values.get(name)));
    steps.forEach(Step::run);
    return results;
  }

  /** Releases the native handles. */
  void close() {
    steps.forEach(Step::close);
    steps.clear();
    repeatable = false;
  }

  private void add(DifferentialFunction op, OpContext context) {
    if (op instanceof JavaOp javaOp) {
      steps.add(new JavaStep(context.getInputArrays(), context.getOutputArrays(), javaOp::fill));
    } else if (op instanceof Identity) {
      return; // returns its input unchanged
    } else if (op instanceof BaseCompatOp || op instanceof CreateView || op instanceof Assign || context == null) {
      repeatable = false;
    } else if (op instanceof DynamicCustomOp customOp) {
      steps.add(new NativeStep(context, op, customOp, own -> Nd4j.exec(customOp, own)));
    } else if (op instanceof Op legacy && op.argNames().length == 1) {
      steps.add(new NativeStep(context, op, null, own -> Nd4j.exec(legacy, own)));
    } else {
      repeatable = false; // given a second input, M2.1 stores an axis or scalar from it in the op
    }
  }

  /** One op with its arrays. */
  abstract static class Step {
    final List<INDArray> inputs;
    final List<INDArray> outputs;

    Step(List<INDArray> inputs, List<INDArray> outputs) {
      this.inputs = new ArrayList<>(inputs);
      this.outputs = new ArrayList<>(outputs);
    }

    abstract void run();

    /** Called once the arrays are final. */
    void bind() {}

    void close() {}

    final boolean fills(INDArray array) {
      return outputs.stream().anyMatch(output -> output == array);
    }

    final void replaceOutput(INDArray from, INDArray to) {
      outputs.replaceAll(array -> array == from ? to : array);
    }

    final void replaceInput(INDArray from, INDArray to) {
      inputs.replaceAll(array -> array == from ? to : array);
    }
  }

  /** Reads the first list, fills the second. */
  private interface Kernel {
    void run(List<INDArray> inputs, List<INDArray> outputs);
  }

  private static final class JavaStep extends Step {
    private final Kernel kernel;

    JavaStep(List<INDArray> inputs, List<INDArray> outputs, Kernel kernel) {
      super(inputs, outputs);
      this.kernel = kernel;
    }

    @Override
    void run() {
      kernel.run(inputs, outputs);
    }
  }

  /** A libnd4j op, cut into parts if possible. Each part has its own context, which receives its arrays once. */
  private final class NativeStep extends Step {
    private final DifferentialFunction op;
    private final DynamicCustomOp arguments;
    private final Consumer<OpContext> call;
    private final List<OpContext> contexts = new ArrayList<>();

    /** @param arguments the same op if it has arguments, else null */
    NativeStep(OpContext recorded, DifferentialFunction op, DynamicCustomOp arguments, Consumer<OpContext> call) {
      super(recorded.getInputArrays(), recorded.getOutputArrays());
      this.op = op;
      this.arguments = arguments;
      this.call = call;
    }

    @Override
    void bind() {
      close();
      for (OpParts.Part part : parts.of(op, arguments == null ? new long[0] : arguments.iArgs(), inputs, outputs)) {
        OpContext context = Nd4j.getExecutioner().buildContext();
        if (arguments != null) {
          context.setIArguments(arguments.iArgs());
          context.setTArguments(arguments.tArgs());
          context.setBArguments(arguments.bArgs());
          context.setDArguments(arguments.dArgs());
        }
        context.setInputArrays(part.inputs());
        context.setOutputArrays(part.outputs());
        contexts.add(context);
      }
    }

    @Override
    void run() {
      Parallel.run(contexts.size(), i -> call.accept(contexts.get(i)));
    }

    @Override
    void close() {
      contexts.forEach(OpContext::purge);
      contexts.clear();
    }
  }

  private final class Recorder extends BaseListener {
    @Override
    public boolean isActive(Operation operation) {
      return true;
    }

    @Override
    public void preOpExecution(SameDiff graph, At at, SameDiffOp op, OpContext context) {
      if (repeatable) {
        add(op.getOp(), context);
      }
    }
  }
}
