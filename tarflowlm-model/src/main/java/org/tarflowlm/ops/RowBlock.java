package org.tarflowlm.ops;

import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.coupling.batch.BatchWorkspace;
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

  /** This thread's components, for the thread that runs the op to fill and others to read. */
  Components ownComponents() {
    return ownComponents;
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
}
