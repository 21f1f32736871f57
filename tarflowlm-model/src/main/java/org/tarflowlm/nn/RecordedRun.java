package org.tarflowlm.nn;

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

/**
 * The ops of one run of a graph, in order, with the arrays that they read and filled, so that the run can be repeated on new values of
 * the placeholders. SameDiff finds out anew in every run which op comes next, which shapes it fills and which arrays may be
 * released: some milliseconds of a training step, that here are spent once for each shape of the input.
 *
 * <p>The arrays are those that the run had from a {@link RecyclingMemory}, where one buffer serves many ops in turn; a repetition
 * writes to them in the same order, so it needs no memory of its own. Repetitions and other runs in the same memory must not overlap.
 */
final class RecordedRun {
  private final Map<String, INDArray> placeholders = new HashMap<>();
  private final List<Runnable> steps = new ArrayList<>();
  private final List<OpContext> contexts = new ArrayList<>();
  private Map<String, INDArray> results = Map.of();
  private boolean repeatable = true;

  /** @param values of the run to be recorded; copied, because a repetition writes over them */
  RecordedRun(Map<String, INDArray> values) {
    values.forEach((name, array) -> placeholders.put(name, array.dup('c').detach()));
  }

  /** What the run to be recorded must read. */
  Map<String, INDArray> placeholders() {
    return placeholders;
  }

  /** To be told of every op of the run. */
  Listener recorder() {
    return new Recorder();
  }

  /** Ends the recording. */
  void finish(Map<String, INDArray> outputs) {
    results = outputs;
  }

  /** False if the graph has ops of a kind that only SameDiff itself can run. */
  boolean isRepeatable() {
    return repeatable;
  }

  /** Runs all ops again; returns the outputs, in the arrays of the recorded run. */
  Map<String, INDArray> repeat(Map<String, INDArray> values) {
    placeholders.forEach((name, array) -> array.assign(values.get(name)));
    steps.forEach(Runnable::run);
    return results;
  }

  /** Lets go of the native handles. */
  void close() {
    contexts.forEach(OpContext::purge);
    contexts.clear();
    steps.clear();
    repeatable = false;
  }

  private void add(DifferentialFunction op, OpContext context) {
    if (op instanceof JavaOp javaOp) {
      List<INDArray> inputs = List.copyOf(context.getInputArrays());
      List<INDArray> outputs = List.copyOf(context.getOutputArrays());
      steps.add(() -> javaOp.fill(inputs, outputs));
    } else if (op instanceof Identity) {
      return; // passes its input on as it is
    } else if (op instanceof BaseCompatOp || op instanceof CreateView || op instanceof Assign || context == null) {
      repeatable = false;
    } else if (op instanceof DynamicCustomOp customOp) {
      OpContext own = copyOf(context);
      own.setIArguments(customOp.iArgs());
      own.setTArguments(customOp.tArgs());
      own.setBArguments(customOp.bArgs());
      own.setDArguments(customOp.dArgs());
      steps.add(() -> Nd4j.exec(customOp, own));
    } else if (op instanceof Op legacy && op.argNames().length == 1) {
      OpContext own = copyOf(context);
      steps.add(() -> Nd4j.exec(legacy, own));
    } else {
      repeatable = false; // with a second input M2.1 keeps an axis or a scalar of it in the op
    }
  }

  private OpContext copyOf(OpContext context) {
    OpContext own = Nd4j.getExecutioner().buildContext();
    own.setInputArrays(List.copyOf(context.getInputArrays()));
    own.setOutputArrays(List.copyOf(context.getOutputArrays()));
    contexts.add(own);
    return own;
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
