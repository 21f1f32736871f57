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
import org.tarflowlm.kernel.Parallel;
import org.tarflowlm.ops.JavaOp;
import org.tarflowlm.ops.Tensors;

/**
 * The ops of one run of a graph, in order, with the arrays that they read and filled, so that the run can be repeated on new values of
 * the placeholders. SameDiff works out again in every run which op comes next, which shapes it fills and which arrays may be
 * released: some milliseconds of a training step, that here are spent once for each shape of the input.
 *
 * <p>The arrays are those that the run had from a {@link RecyclingMemory}, where one buffer serves many ops in turn; a repetition
 * writes to them in the same order, so it needs no memory of its own. Repetitions and other runs in the same memory must not overlap.
 */
final class RecordedRun {
  private final Map<String, INDArray> placeholders = new HashMap<>();
  private final List<Step> steps = new ArrayList<>();
  private final OpParts parts;
  private final Map<String, INDArray> results = new HashMap<>();
  private boolean repeatable = true;

  /**
   * @param values of the run to be recorded; copied, because a repetition writes over them
   * @param parts cuts ops for the threads of a repetition
   */
  RecordedRun(Map<String, INDArray> values, OpParts parts) {
    this.parts = parts;
    values.forEach((name, array) -> placeholders.put(name, array.dup('c').detach()));
  }

  /** Placeholders for the run to be recorded. */
  Map<String, INDArray> placeholders() {
    return placeholders;
  }

  /** Listeners of the run's ops. */
  Listener recorder() {
    return new Recorder();
  }

  /**
   * Ends the recording.
   *
   * @param outputs the arrays that the run gave
   * @param targets where a repetition is to leave some of them: the op that fills such an output will write there at once
   */
  void finish(Map<String, INDArray> outputs, Map<String, INDArray> targets) {
    results.putAll(outputs);
    results.putAll(targets);
    targets.forEach((name, target) -> redirect(outputs.get(name), target));
    steps.forEach(Step::bind);
  }

  /** An array may have served several ops in turn; what is wanted is what the last one left there. */
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

  /** False if the graph has ops of a kind that only SameDiff itself can run. */
  boolean isRepeatable() {
    return repeatable;
  }

  /** Runs all ops again; returns the outputs, in the arrays of the recorded run. */
  Map<String, INDArray> repeat(Map<String, INDArray> values) {
    placeholders.forEach((name, array) -> array.assign(values.get(name)));
    steps.forEach(Step::run);
    return results;
  }

  /** Lets go of the native handles. */
  void close() {
    steps.forEach(Step::close);
    steps.clear();
    repeatable = false;
  }

  private void add(DifferentialFunction op, OpContext context) {
    if (op instanceof JavaOp javaOp) {
      steps.add(new JavaStep(context.getInputArrays(), context.getOutputArrays(), javaOp::fill));
    } else if (op instanceof Identity) {
      return; // passes its input on as it is
    } else if (op instanceof BaseCompatOp || op instanceof CreateView || op instanceof Assign || context == null) {
      repeatable = false;
    } else if (op instanceof DynamicCustomOp customOp) {
      steps.add(new NativeStep(context, op, customOp, own -> Nd4j.exec(customOp, own)));
    } else if (op instanceof Op legacy && op.argNames().length == 1) {
      steps.add(new NativeStep(context, op, null, own -> Nd4j.exec(legacy, own)));
    } else {
      repeatable = false; // with a second input M2.1 keeps an axis or a scalar of it in the op
    }
  }

  /** One op with its arrays. */
  private abstract static class Step {
    final List<INDArray> inputs;
    final List<INDArray> outputs;

    Step(List<INDArray> inputs, List<INDArray> outputs) {
      this.inputs = new ArrayList<>(inputs);
      this.outputs = new ArrayList<>(outputs);
    }

    abstract void run();

    /** The arrays are the last ones. */
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

  /** An op of libnd4j's, in parts where it can be cut. Each part has a context, which receives its arrays once. */
  private final class NativeStep extends Step {
    private final DifferentialFunction op;
    private final DynamicCustomOp arguments;
    private final Consumer<OpContext> call;
    private final List<OpContext> contexts = new ArrayList<>();

    /** @param arguments the op again, if it has any */
    NativeStep(OpContext recorded, DifferentialFunction op, DynamicCustomOp arguments, Consumer<OpContext> call) {
      super(recorded.getInputArrays(), recorded.getOutputArrays());
      this.op = op;
      this.arguments = arguments;
      this.call = call;
    }

    @Override
    void bind() {
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
