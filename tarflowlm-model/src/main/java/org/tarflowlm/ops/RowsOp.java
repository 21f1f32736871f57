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
 * An op that treats every row (position) of its arrays alike, FLOAT or DOUBLE, with the mathematics in double precision, or for
 * FLOAT in a kernel of single precision where there is one. The first input is [.., D]; its leading dimensions are the rows, and all
 * other arrays have the same rows, except for a pair of shared inputs (component means [K, d] and log-scales [K]) and, in a gradient
 * op, their gradients as the last two outputs. What an array named "saved" holds only the kernels of single precision know.
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
    void floatRows(Block block);
  }

  /** Computes the output rows of a block. */
  protected abstract void rows(Block block);

  @Override
  protected final void run(List<INDArray> inputs, List<INDArray> outputs) {
    INDArray[] in = inputs.stream().map(Tensors::dense).toArray(INDArray[]::new);
    new Pass(in, outputs.toArray(INDArray[]::new)).run();
    Reference.reachabilityFence(in); // the rows are read through addresses, also of copies made here
  }

  /** Reads component means [K, d] and log-scales [K] into the calling thread's components, which other threads may read. */
  static Components components(INDArray means, INDArray logScales) {
    int k = (int) means.size(0);
    int dims = (int) means.size(1);
    Block block = Block.OF_THREAD.get();
    double[] values = block.partialSums(k * dims);
    block.dLogScales = atLeast(block.dLogScales, k);
    Tensors.read(Tensors.dense(means), 0, values, k * dims);
    Tensors.read(Tensors.dense(logScales), 0, block.dLogScales, k);
    block.ownComponents.assign(values, block.dLogScales, k, dims);
    return block.ownComponents;
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
      components = shared < 0 ? null : components(in[shared], in[shared + 1]);
      floats = RowsOp.this instanceof FloatRows && Arrays.stream(in).allMatch(array -> array.dataType() == DataType.FLOAT);
      savedInput = floats ? Signature.indexOf("saved", declared().inputs()) : -1;
      savedOutput = floats ? Signature.indexOf("saved", declared().outputs()) : -1;
      int widest = 1;
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

    /** Numbers of one row. */
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
   * A kernel's view of the op: some consecutive rows in double precision. {@code in[i]} holds {@code count} rows of {@code inWidth[i]}
   * numbers of the op's input i, {@code out[i]} receives those of output i; entries of the shared inputs and outputs are unused. A kernel
   * of single precision finds the same in {@code floatIn} and {@code floatOut}. One instance per thread, reused by all ops, so that a warm
   * thread allocates nothing.
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
    /** The shared components (means and log-scales), if the op has such inputs. */
    Components components;
    /** Gradient of the shared means, to be added to, in the order [d][K] of {@link Components}. */
    double[] dMeans = new double[0];
    /** Gradient of the shared log-scales [K], to be added to. */
    double[] dLogScales = new double[0];

    private final Components ownComponents = new Components();
    private double[] partialSums = new double[0];

    /** Whether there are so many shared components that it pays to look for the near ones. */
    boolean manyComponents() {
      return components.count() >= NearComponents.MANY;
    }

    /** Scalars of the first input in this block. */
    int scalars() {
      return count * inWidth[0];
    }

    /** Numbers of input {@code i} for each scalar of the first. */
    int perScalar(int i) {
      return inWidth[i] / inWidth[0];
    }

    /** A buffer of at least {@code size} numbers, for the thread that runs the op to hand out in slices. */
    private double[] partialSums(int size) {
      partialSums = atLeast(partialSums, size);
      return partialSums;
    }
  }

  /** {@link SavedNumbers} in the memory of an array, from some element on. */
  static final class SavedRows implements SavedNumbers {
    private FloatPointer memory;
    private long end;

    /**
     * Goes to a block of rows.
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
