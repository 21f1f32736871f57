package org.tarflowlm.ops;

import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.coupling.batch.BatchWorkspace;
import org.tarflowlm.coupling.batch.SavedNumbers;
import org.tarflowlm.coupling.near.NearComponents;
import org.tarflowlm.coupling.near.NearWorkspace;
import org.tarflowlm.kernel.Parallel;

/**
 * An op that treats every row (position) of its arrays alike. Arrays are FLOAT or DOUBLE. It computes in double precision, or in a
 * single-precision kernel if it has one and all inputs are FLOAT. The first input is [.., D]; its leading dimensions are the rows. All
 * other arrays have the same rows, except two shared inputs (component means [K, d] and log-scales [K]). In a gradient op, the last two
 * outputs are the gradients of those. Only single-precision kernels know the contents of an array named "saved".
 *
 * <p>Rows are processed in parallel. Results repeat bit for bit: the shapes alone decide how rows are split into tasks, and the tasks'
 * parts of shared gradients are added in task order.
 */
abstract class RowsOp extends JavaOp {
  /** A block holds about this many numbers of its widest array, so that its arrays stay in the processor's cache. */
  private static final int BLOCK_NUMBERS = 16_384;
  private static final int MOST_BLOCK_ROWS = 64;
  /** Single-precision blocks hold this many times as much, because their kernels are fast only with long loops over rows. */
  private static final int FLOAT_BLOCKS = 4;
  /** Fewest rows of a single-precision block, so that even very wide rows use the shared components several at a time. */
  private static final int LEAST_FLOAT_ROWS = 8;
  /** Most numbers that all tasks' parts of shared gradients may hold together. */
  private static final int MOST_PARTIAL_SUMS = 1 << 22;

  /** An op that computes blocks of FLOAT arrays in single precision. */
  interface FloatRows {
    /** {@link RowsOp#rows} in single precision. */
    void floatRows(Block block);
  }

  /** Computes the output rows of a block in double precision. */
  protected abstract void rows(Block block);

  @Override
  protected final void run(List<INDArray> inputs, List<INDArray> outputs) {
    INDArray[] in = inputs.stream().map(Tensors::dense).toArray(INDArray[]::new);
    new Pass(in, outputs.toArray(INDArray[]::new)).run();
    Reference.reachabilityFence(in); // rows are read through addresses, some of them of copies made here
  }

  /** One execution of the op. */
  private final class Pass {
    private final INDArray[] in;
    private final INDArray[] out;
    private final int rows;
    private final int shared = Signature.firstShared(declared().inputs());
    private final boolean sharedGradients = Signature.firstShared(declared().outputs()) >= 0;
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
      rowOutputs = out.length - (sharedGradients ? 2 : 0);
      components = shared < 0 ? null : SharedComponents.of(in[shared], in[shared + 1]);
      floats = RowsOp.this instanceof FloatRows && Arrays.stream(in).allMatch(array -> array.dataType() == DataType.FLOAT);
      savedInput = floats ? Signature.indexOf("saved", declared().inputs()) : -1;
      savedOutput = floats ? Signature.indexOf("saved", declared().outputs()) : -1;
      // a row's time grows with very many components, so few rows make a task
      int widest = components != null && components.count() >= NearComponents.MANY ? components.count() : 1;
      for (int i = 0; i < in.length; i++) {
        widest = isShared(i) ? widest : Math.max(widest, width(in[i]));
      }
      for (int i = 0; i < rowOutputs; i++) {
        widest = Math.max(widest, width(out[i]));
      }
      int times = floats ? FLOAT_BLOCKS : 1;
      blockRows = Math.max(floats ? LEAST_FLOAT_ROWS : 1, Math.min(times * MOST_BLOCK_ROWS, times * BLOCK_NUMBERS / widest));
    }

    void run() {
      if (!sharedGradients) {
        Parallel.run(ceil(rows, blockRows), task -> block(task * blockRows, Math.min(rows, (task + 1) * blockRows)));
        return;
      }
      int size = components.count() * (components.dims() + 1);
      int taskRows = Math.max(blockRows, ceil(rows, Math.max(1, MOST_PARTIAL_SUMS / size)));
      int tasks = ceil(rows, taskRows);
      double[] sums = Block.OF_THREAD.get().partialSums(Math.multiplyExact(tasks, size));
      Parallel.run(tasks, task -> partialSum(task * taskRows, Math.min(rows, (task + 1) * taskRows), sums, task * size));
      writeSharedGradients(sums, tasks, size);
    }

    private void partialSum(int from, int to, double[] sums, int at) {
      Block block = Block.OF_THREAD.get();
      int k = components.count();
      int cells = k * components.dims();
      block.dMeans = atLeast(block.dMeans, cells);
      block.dLogScales = atLeast(block.dLogScales, k);
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
      double[] byComponent = new double[cells];
      Components.transpose(sums, 0, k, components.dims(), byComponent);
      Tensors.write(byComponent, cells, out[rowOutputs], 0);
      Tensors.write(Arrays.copyOfRange(sums, cells, size), k, out[rowOutputs + 1], 0);
    }

    private void block(int from, int to) {
      Block block = Block.OF_THREAD.get();
      block.count = to - from;
      block.components = components;
      for (int i = 0; i < in.length; i++) {
        if (!isShared(i)) {
          int width = width(in[i]);
          int count = block.count * width;
          long at = (long) from * width;
          block.inWidth[i] = width;
          if (i == savedInput) {
            block.saved.open(in[i], at, count);
          } else if (!floats) {
            block.in[i] = atLeast(block.in[i], count);
            Tensors.read(in[i], at, block.in[i], count);
          } else if (i >= declared().op().unread()) {
            block.floatIn[i] = atLeast(block.floatIn[i], count);
            Tensors.read(in[i], at, block.floatIn[i], count);
          }
        }
      }
      for (int i = 0; i < rowOutputs; i++) {
        int count = block.count * width(out[i]);
        if (i == savedOutput) {
          block.saved.open(out[i], (long) from * width(out[i]), count);
        } else if (floats) {
          block.floatOut[i] = atLeast(block.floatOut[i], count);
        } else {
          block.out[i] = atLeast(block.out[i], count);
        }
      }
      if (floats) {
        ((FloatRows) RowsOp.this).floatRows(block);
      } else {
        rows(block);
      }
      for (int i = 0; i < rowOutputs; i++) {
        int count = block.count * width(out[i]);
        long at = (long) from * width(out[i]);
        if (!floats) {
          Tensors.write(block.out[i], count, out[i], at);
        } else if (i != savedOutput) {
          Tensors.write(block.floatOut[i], count, out[i], at);
        }
      }
    }

    /** How many numbers one row has. */
    private int width(INDArray array) {
      return (int) (array.length() / rows);
    }

    private boolean isShared(int input) {
      return shared >= 0 && (input == shared || input == shared + 1);
    }
  }

  private static int ceil(int a, int b) {
    return (a + b - 1) / b;
  }

  private static double[] atLeast(double[] buffer, int size) {
    return buffer.length >= size ? buffer : new double[size];
  }

  private static float[] atLeast(float[] buffer, int size) {
    return buffer.length >= size ? buffer : new float[size];
  }

  /**
   * Consecutive rows of an op's arrays, as its kernel sees them. {@code in[i]} holds {@code count} rows of the op's input i, each of
   * {@code inWidth[i]} numbers; the kernel writes the rows of output i to {@code out[i]}. Entries for shared arrays are unused. A
   * single-precision kernel uses {@code floatIn} and {@code floatOut} instead. All ops of a thread reuse one instance, so a warm thread
   * allocates nothing.
   */
  static final class Block {
    private static final ThreadLocal<Block> OF_THREAD = ThreadLocal.withInitial(Block::new);
    private static final int MOST_ARRAYS = 8;

    final double[][] in = new double[MOST_ARRAYS][0];
    final double[][] out = new double[MOST_ARRAYS][0];
    final float[][] floatIn = new float[MOST_ARRAYS][0];
    final float[][] floatOut = new float[MOST_ARRAYS][0];
    final int[] inWidth = new int[MOST_ARRAYS];
    final Workspace workspace = new Workspace();
    final BatchWorkspace batch = new BatchWorkspace();
    final NearWorkspace near = new NearWorkspace();
    /** The block's part of the array "saved". */
    final SavedRows saved = new SavedRows();

    /** Rows in this block. */
    int count;
    /** The shared components (means and log-scales); null if the op has no such inputs. */
    Components components;
    /** Gradient of the shared means, [d][K] as in {@link Components}; kernels add to it. */
    double[] dMeans = new double[0];
    /** Gradient of the shared log-scales, [K]; kernels add to it. */
    double[] dLogScales = new double[0];

    private double[] partialSums = new double[0];

    /** Whether there are enough shared components that searching for the near ones pays. */
    boolean manyComponents() {
      return components.count() >= NearComponents.MANY;
    }

    /** How many scalars of the first input this block holds. */
    int scalars() {
      return count * inWidth[0];
    }

    /** How many numbers input {@code i} has for each scalar of the first input. */
    int perScalar(int i) {
      return inWidth[i] / inWidth[0];
    }

    /** A buffer of at least {@code size} numbers; the thread that runs the op gives each task a slice. */
    private double[] partialSums(int size) {
      partialSums = atLeast(partialSums, size);
      return partialSums;
    }
  }

  /** {@link SavedNumbers} in the memory of an array, starting at some element. */
  static final class SavedRows implements SavedNumbers {
    private FloatPointer memory;
    private long end;

    /**
     * Starts at element {@code from}; the next {@code count} numbers may be used.
     *
     * @param array dense, FLOAT
     */
    void open(INDArray array, long from, long count) {
      memory = Tensors.at(Tensors.floats(array), from);
      end = memory.position() + count;
    }

    @Override
    public void write(float[] source, int count) {
      memory.put(source, 0, count).position(next(count));
    }

    @Override
    public void read(float[] target, int count) {
      memory.get(target, 0, count).position(next(count));
    }

    private long next(int count) {
      long next = memory.position() + count;
      if (next > end) {
        throw new IllegalStateException(next - end + " numbers too many for what is saved");
      }
      return next;
    }
  }
}
