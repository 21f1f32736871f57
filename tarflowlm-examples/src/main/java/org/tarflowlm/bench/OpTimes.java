package org.tarflowlm.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.BaseListener;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** Adds up the time of each kind of op in a graph's runs. */
final class OpTimes extends BaseListener {
  private final Map<String, double[]> byName = new TreeMap<>();
  private long begin;

  /** Time of one kind of op. */
  record OpTime(String op, double msPerStep, double callsPerStep) {}

  @Override
  public boolean isActive(Operation operation) {
    return true;
  }

  @Override
  public void preOpExecution(SameDiff sd, At at, SameDiffOp op, OpContext context) {
    begin = System.nanoTime();
  }

  @Override
  public void opExecution(SameDiff sd, At at, MultiDataSet batch, SameDiffOp op, OpContext context, INDArray[] outputs) {
    double[] sum = byName.computeIfAbsent(op.getOp().opName(), name -> new double[2]);
    sum[0] += (System.nanoTime() - begin) / 1e6;
    sum[1]++;
  }

  /** Slowest first. */
  List<OpTime> perStep(int steps) {
    List<OpTime> result = new ArrayList<>();
    byName.forEach((name, sum) -> result.add(new OpTime(name, sum[0] / steps, sum[1] / steps)));
    result.sort((a, b) -> Double.compare(b.msPerStep(), a.msPerStep()));
    return result;
  }
}
