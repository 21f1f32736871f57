package org.tarflowlm.ops;

import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.kernel.Parallel;

/**
 * An op that treats every row (position) of its arrays alike, FLOAT or DOUBLE, with the mathematics in double precision, or for
 * FLOAT in a kernel of single precision where there is one. The first input is [.., D]; its leading dimensions are the rows, and all
 * other arrays have the same rows, except for a pair of shared inputs (component means [K, d] and log-scales [K]) and, in a gradient
 * op, their gradients as the last two outputs.
 *
 * <p>Rows are processed in parallel. Results repeat bit for bit: tasks are cut by shape alone, and the tasks' parts of shared
 * gradients are added in task order.
 */
abstract class RowsOp extends JavaOp {
  /** Numbers of the widest array that a block holds, about: a block's arrays should stay in the processor's cache. */
  private static final int BLOCK_NUMBERS = 16_384;
  private static final int MOST_BLOCK_ROWS = 64;
  /** Blocks of the kernels of single precision hold this many times as much: their loops over rows should be long. */
  private static final int FLOAT_BLOCKS = 4;
  /** Rows of a block of theirs at least: of very wide rows some pass together by what the rows share. */
  private static final int LEAST_FLOAT_ROWS = 8;
  /** Most numbers that the tasks' parts of shared gradients may take together. */
  private static final int MOST_PARTIAL_SUMS = 1 << 22;

  /** An op that computes blocks of FLOAT arrays in single precision. */
  interface FloatRows {
    /** {@link RowsOp#rows} in single precision. */
    void floatRows(RowBlock block);
  }

  /** Computes the output rows of a block. */
  protected abstract void rows(RowBlock block);

  @Override
  protected final void run(List<INDArray> inputs, List<INDArray> outputs) {
    INDArray[] in = inputs.stream().map(Tensors::dense).toArray(INDArray[]::new);
    new Pass(in, outputs.toArray(INDArray[]::new)).run();
    Reference.reachabilityFence(in); // the rows are read through addresses, also of copies made here
  }

  /** One execution of the op. */
  private final class Pass {
    private final INDArray[] in;
    private final INDArray[] out;
    private final Op op = declared();
    private final int shared = op.sharedMeans();
    private final int rows;
    private final int rowOutputs;
    private final int blockRows;
    private final Components components;
    private final boolean floats;
    private final int savedInput;
    private final int savedOutput;

    Pass(INDArray[] in, INDArray[] out) {
      this.in = in;
      this.out = out;
      rows = Math.toIntExact(in[0].length() / in[0].size(-1));
      rowOutputs = out.length - (op.sharedGradients() ? 2 : 0);
      components = shared < 0 ? null : RowBlock.readComponents(in[shared], in[shared + 1]);
      floats = RowsOp.this instanceof FloatRows && Arrays.stream(in).allMatch(array -> array.dataType() == DataType.FLOAT);
      savedInput = floats ? op.savedInput() : -1;
      savedOutput = floats ? op.savedOutput() : -1;
      long widest = 1;
      for (int i = 0; i < in.length; i++) {
        widest = isShared(i) ? widest : Math.max(widest, in[i].length() / rows);
      }
      for (int i = 0; i < rowOutputs; i++) {
        widest = Math.max(widest, out[i].length() / rows);
      }
      int times = floats ? FLOAT_BLOCKS : 1;
      blockRows = (int) Math.max(floats ? LEAST_FLOAT_ROWS : 1, Math.min(times * MOST_BLOCK_ROWS, times * BLOCK_NUMBERS / widest));
    }

    void run() {
      if (!op.sharedGradients()) {
        Parallel.run(ceil(rows, blockRows), task -> block(task * blockRows, Math.min(rows, (task + 1) * blockRows)));
        return;
      }
      int size = components.count() * (components.dims() + 1);
      int taskRows = Math.max(blockRows, ceil(rows, Math.max(1, MOST_PARTIAL_SUMS / size)));
      int tasks = ceil(rows, taskRows);
      double[] sums = RowBlock.ofThread().partialSums(Math.multiplyExact(tasks, size));
      Parallel.run(tasks, task -> partialSum(task * taskRows, Math.min(rows, (task + 1) * taskRows), sums, task * size));
      writeSharedGradients(sums, tasks, size);
    }

    private void partialSum(int from, int to, double[] sums, int at) {
      RowBlock block = RowBlock.ofThread();
      int k = components.count();
      int cells = k * components.dims();
      block.dMeans = RowBlock.atLeast(block.dMeans, cells);
      block.dLogScales = RowBlock.atLeast(block.dLogScales, k);
      Arrays.fill(block.dMeans, 0, cells, 0.0);
      Arrays.fill(block.dLogScales, 0, k, 0.0);
      for (int row = from; row < to; row += blockRows) {
        block(row, Math.min(to, row + blockRows));
      }
      System.arraycopy(block.dMeans, 0, sums, at, cells);
      System.arraycopy(block.dLogScales, 0, sums, at + cells, k);
    }

    private void writeSharedGradients(double[] sums, int tasks, int size) {
      for (int task = 1; task < tasks; task++) {
        for (int j = 0; j < size; j++) {
          sums[j] += sums[task * size + j];
        }
      }
      int k = components.count();
      int cells = k * components.dims();
      RowBlock block = RowBlock.ofThread();
      block.dMeans = RowBlock.atLeast(block.dMeans, cells);
      block.dLogScales = RowBlock.atLeast(block.dLogScales, k);
      Components.transpose(sums, 0, k, components.dims(), block.dMeans);
      Tensors.write(block.dMeans, cells, out[rowOutputs], 0);
      System.arraycopy(sums, cells, block.dLogScales, 0, k);
      Tensors.write(block.dLogScales, k, out[rowOutputs + 1], 0);
    }

    private void block(int from, int to) {
      RowBlock block = RowBlock.ofThread();
      block.count = to - from;
      block.components = components;
      for (int i = 0; i < in.length; i++) {
        if (!isShared(i)) {
          block.inWidth[i] = (int) (in[i].length() / rows);
          if (i == savedInput) {
            openSaved(block, in[i], from);
          } else if (!floats || i >= op.unread()) {
            read(block, i, from);
          }
        }
      }
      for (int i = 0; i < rowOutputs; i++) {
        block.outWidth[i] = (int) (out[i].length() / rows);
        if (i == savedOutput) {
          openSaved(block, out[i], from);
        } else {
          makeRoom(block, i);
        }
      }
      if (floats) {
        ((FloatRows) RowsOp.this).floatRows(block);
      } else {
        rows(block);
      }
      for (int i = 0; i < rowOutputs; i++) {
        if (i != savedOutput) {
          write(block, i, from);
        }
      }
    }

    private void openSaved(RowBlock block, INDArray array, int from) {
      long width = array.length() / rows;
      block.saved.open(array, from * width, block.count * width);
    }

    private void read(RowBlock block, int i, int from) {
      int count = block.count * block.inWidth[i];
      long at = (long) from * block.inWidth[i];
      if (floats) {
        block.floatIn[i] = RowBlock.atLeast(block.floatIn[i], count);
        Tensors.read(in[i], at, block.floatIn[i], count);
      } else {
        block.in[i] = RowBlock.atLeast(block.in[i], count);
        Tensors.read(in[i], at, block.in[i], count);
      }
    }

    private void makeRoom(RowBlock block, int i) {
      int count = block.count * block.outWidth[i];
      if (floats) {
        block.floatOut[i] = RowBlock.atLeast(block.floatOut[i], count);
      } else {
        block.out[i] = RowBlock.atLeast(block.out[i], count);
      }
    }

    private void write(RowBlock block, int i, int from) {
      int count = block.count * block.outWidth[i];
      long at = (long) from * block.outWidth[i];
      if (floats) {
        Tensors.write(block.floatOut[i], count, out[i], at);
      } else {
        Tensors.write(block.out[i], count, out[i], at);
      }
    }

    private boolean isShared(int input) {
      return shared >= 0 && (input == shared || input == shared + 1);
    }
  }

  private static int ceil(int a, int b) {
    return (a + b - 1) / b;
  }
}
