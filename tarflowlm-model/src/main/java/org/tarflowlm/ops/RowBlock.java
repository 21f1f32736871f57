package org.tarflowlm.ops;

import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.coupling.batch.BatchWorkspace;
import org.tarflowlm.coupling.batch.SavedNumbers;
import org.tarflowlm.coupling.near.NearComponents;
import org.tarflowlm.coupling.near.NearWorkspace;

/**
 * A kernel's view of a {@link RowsOp}: some consecutive rows in double precision. {@code in[i]} holds {@code count} rows of
 * {@code inWidth[i]} numbers of the op's input i, {@code out[i]} receives those of output i; entries of the shared inputs and
 * outputs are unused. A kernel of single precision finds the same in {@code floatIn} and {@code floatOut}. One instance per thread,
 * reused by all ops, so that a warm thread allocates nothing.
 */
final class RowBlock {
  private static final ThreadLocal<RowBlock> OF_THREAD = ThreadLocal.withInitial(RowBlock::new);
  private static final int MOST_ARRAYS = 8;

  final double[][] in = new double[MOST_ARRAYS][0];
  final double[][] out = new double[MOST_ARRAYS][0];
  final float[][] floatIn = new float[MOST_ARRAYS][0];
  final float[][] floatOut = new float[MOST_ARRAYS][0];
  final int[] inWidth = new int[MOST_ARRAYS];
  final int[] outWidth = new int[MOST_ARRAYS];
  final Workspace workspace = new Workspace();
  final BatchWorkspace batch = new BatchWorkspace();
  final NearWorkspace near = new NearWorkspace();
  /** The block's part of {@link Op#savedInput} or {@link Op#savedOutput}. */
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

  static RowBlock ofThread() {
    return OF_THREAD.get();
  }

  /** Reads component means [K, d] and log-scales [K] into the calling thread's components, which other threads may read. */
  static Components readComponents(INDArray means, INDArray logScales) {
    int k = (int) means.size(0);
    int dims = (int) means.size(1);
    RowBlock block = ofThread();
    double[] values = block.partialSums(k * dims + k);
    block.dLogScales = atLeast(block.dLogScales, k);
    Tensors.read(means, 0, values, k * dims);
    Tensors.read(logScales, 0, block.dLogScales, k);
    block.ownComponents.assign(values, block.dLogScales, k, dims);
    return block.ownComponents;
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
  double[] partialSums(int size) {
    partialSums = atLeast(partialSums, size);
    return partialSums;
  }

  static double[] atLeast(double[] buffer, int size) {
    return buffer.length >= size ? buffer : new double[size];
  }

  static float[] atLeast(float[] buffer, int size) {
    return buffer.length >= size ? buffer : new float[size];
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
