package org.tarflowlm.nn.session;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
  /** Of ND4J's own ops; they receive the arrays once. */
  private final Map<Step, OpContext> contexts = new HashMap<>();
  private final Map<String, INDArray> results = new HashMap<>();
  private boolean repeatable = true;

  /** @param values of the run to be recorded; copied, because a repetition writes over them */
  RecordedRun(Map<String, INDArray> values) {
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
    contexts.forEach((step, context) -> {
      context.setInputArrays(step.inputs);
      context.setOutputArrays(step.outputs);
    });
  }

  /** An array may have served several ops in turn; what is wanted is what the last one left there. */
  private void redirect(INDArray from, INDArray to) {
    int last = Tensors.isDense(from) ? steps.size() - 1 : -1;
    while (last >= 0 && !steps.get(last).fills(from)) {
      last--;
    }
    if (last < 0) {
      steps.add(new Step(List.of(from), List.of(to), (inputs, filled) -> filled.get(0).assign(inputs.get(0))));
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
    contexts.values().forEach(OpContext::purge);
    contexts.clear();
    steps.clear();
    repeatable = false;
  }

  private void add(DifferentialFunction op, OpContext context) {
    if (op instanceof JavaOp javaOp) {
      steps.add(new Step(context.getInputArrays(), context.getOutputArrays(), javaOp::fill));
    } else if (op instanceof Identity) {
      return; // passes its input on as it is
    } else if (op instanceof BaseCompatOp || op instanceof CreateView || op instanceof Assign || context == null) {
      repeatable = false;
    } else if (op instanceof DynamicCustomOp customOp) {
      OpContext own = Nd4j.getExecutioner().buildContext();
      own.setIArguments(customOp.iArgs());
      own.setTArguments(customOp.tArgs());
      own.setBArguments(customOp.bArgs());
      own.setDArguments(customOp.dArgs());
      add(context, own, () -> Nd4j.exec(customOp, own));
    } else if (op instanceof Op legacy && op.argNames().length == 1) {
      OpContext own = Nd4j.getExecutioner().buildContext();
      add(context, own, () -> Nd4j.exec(legacy, own));
    } else {
      repeatable = false; // with a second input M2.1 keeps an axis or a scalar of it in the op
    }
  }

  private void add(OpContext recorded, OpContext own, Runnable call) {
    Step step = new Step(recorded.getInputArrays(), recorded.getOutputArrays(), (inputs, outputs) -> call.run());
    steps.add(step);
    contexts.put(step, own);
  }

  /** Runs an op: reads the first list, fills the second. */
  private interface Kernel {
    void run(List<INDArray> inputs, List<INDArray> outputs);
  }

  /** One op with its arrays. */
  private static final class Step {
    private final List<INDArray> inputs;
    private final List<INDArray> outputs;
    private final Kernel kernel;

    Step(List<INDArray> inputs, List<INDArray> outputs, Kernel kernel) {
      this.inputs = new ArrayList<>(inputs);
      this.outputs = new ArrayList<>(outputs);
      this.kernel = kernel;
    }

    void run() {
      kernel.run(inputs, outputs);
    }

    boolean fills(INDArray array) {
      return outputs.stream().anyMatch(output -> output == array);
    }

    void replaceOutput(INDArray from, INDArray to) {
      outputs.replaceAll(array -> array == from ? to : array);
    }

    void replaceInput(INDArray from, INDArray to) {
      inputs.replaceAll(array -> array == from ? to : array);
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
