package org.tarflowlm.coupling.batch;

import java.util.Arrays;
import org.tarflowlm.vector.FloatLoops;

/**
 * The memory layout of many mixtures: an array [K][R] holds one number for each of K components of each of R rows, with rows adjacent.
 * So a formula for one component of one row becomes one loop over the whole array, and a sum over components adds whole slices of rows.
 * Both compile to vector instructions whatever K is.
 *
 * <p>Everything is in single precision; loops follow the rules of {@link FloatLoops}. In particular, slices are copied before they are
 * added, because with two different offsets the compiler must assume that the arrays overlap.
 */
public final class BatchLayout {
  /**
   * Approximate size of an array [K][R], such that two dozen arrays fit into the second-level cache. With fewer numbers, rows would be too
   * few for the loops over R, whose last hundred or so iterations the compiler does not vectorise.
   */
  private static final int CELLS = 4_096;
  /** Number of components that one loop moves between layouts. */
  private static final int GROUP = 4;

  private BatchLayout() {}

  /** R that cuts {@code count} rows into parts of about equal size; it depends on the arguments alone. */
  public static int rows(int count, int k) {
    int most = Math.max(1, CELLS / k);
    int parts = (count + most - 1) / most;
    return (count + parts - 1) / parts;
  }

  /** Copies K numbers of each row, from {@code at}, {@code at + stride}, ... of {@code source}, to target [K][R]. */
  public static void gather(float[] source, int at, int stride, float[] target, int k, int rows) {
    int j = 0;
    for (; j + GROUP <= k; j += GROUP) {
      gatherGroup(source, at + j, stride, target, j * rows, rows);
    }
    for (; j < k; j++) {
      gatherOne(source, at + j, stride, target, j * rows, rows);
    }
  }

  /** Moves four components in one loop over rows, so that only the row's index needs a bounds check. */
  private static void gatherGroup(float[] source, int at, int stride, float[] target, int to, int rows) {
    int second = to + rows;
    int third = second + rows;
    int fourth = third + rows;
    int from = at;
    for (int row = 0; row < rows; row++) {
      target[to + row] = source[from];
      target[second + row] = source[from + 1];
      target[third + row] = source[from + 2];
      target[fourth + row] = source[from + 3];
      from += stride;
    }
  }

  private static void gatherOne(float[] source, int at, int stride, float[] target, int to, int rows) {
    for (int row = 0; row < rows; row++) {
      target[to + row] = source[at + row * stride];
    }
  }

  /** The reverse of {@link #gather}. */
  public static void scatter(float[] source, int k, int rows, float[] target, int at, int stride) {
    int j = 0;
    for (; j + GROUP <= k; j += GROUP) {
      scatterGroup(source, j * rows, rows, target, at + j, stride);
    }
    for (; j < k; j++) {
      scatterOne(source, j * rows, rows, target, at + j, stride);
    }
  }

  private static void scatterGroup(float[] source, int from, int rows, float[] target, int at, int stride) {
    int second = from + rows;
    int third = second + rows;
    int fourth = third + rows;
    int to = at;
    for (int row = 0; row < rows; row++) {
      target[to] = source[from + row];
      target[to + 1] = source[second + row];
      target[to + 2] = source[third + row];
      target[to + 3] = source[fourth + row];
      to += stride;
    }
  }

  private static void scatterOne(float[] source, int from, int rows, float[] target, int at, int stride) {
    for (int row = 0; row < rows; row++) {
      target[at + row * stride] = source[from + row];
    }
  }

  /** Fills x [K][R] with the R numbers of {@code row} for every component; each copy doubles the filled part. */
  public static void repeat(float[] row, float[] x, int rows, int cells) {
    System.arraycopy(row, 0, x, 0, rows);
    FloatLoops.repeat(x, rows, cells);
  }

  /**
   * Sums x [K][R] over components into result [R], pairwise, in an order that only K and R determine. If the components exceed the cache,
   * later slices are first added to the leading ones.
   */
  public static void sum(float[] x, int k, int rows, float[] result, BatchWorkspace w) {
    float[] tree = w.tree;
    int left = Math.min(k, CELLS / rows);
    if (left == k) {
      left = (k + 1) / 2;
      fold(x, left * rows, k * rows, tree, w.spare);
    } else {
      System.arraycopy(x, 0, tree, 0, left * rows);
      for (int at = left; at < k; at += left) {
        int n = Math.min(left, k - at) * rows;
        System.arraycopy(x, at * rows, w.spare, 0, n);
        FloatLoops.add(tree, w.spare, n);
      }
    }
    FloatLoops.addRows(tree, rows, left * rows, w.spare);
    System.arraycopy(tree, 0, result, 0, rows);
  }

  /** First step of the pairwise sum: target = x[0..half) plus x[half..end). */
  private static void fold(float[] x, int half, int end, float[] target, float[] spare) {
    int n = end - half;
    System.arraycopy(x, half, spare, 0, n);
    FloatLoops.add(x, spare, target, n);
    System.arraycopy(x, n, target, n, half - n);
  }

  /** Like {@link #sum}, with maxima. */
  public static void max(float[] x, int k, int rows, float[] result, BatchWorkspace w) {
    float[] tree = w.tree;
    int first = Math.min(k, CELLS / rows);
    System.arraycopy(x, 0, tree, 0, first * rows);
    for (int at = first; at < k; at += first) {
      int n = Math.min(first, k - at) * rows;
      System.arraycopy(x, at * rows, w.spare, 0, n);
      FloatLoops.max(tree, w.spare, n);
    }
    FloatLoops.maxRows(tree, rows, first * rows, w.spare);
    System.arraycopy(tree, 0, result, 0, rows);
  }

  /** target [K] += sums of x [K][R] over rows, in double precision; {@code target} from index {@code at}. */
  public static void addRowSums(float[] x, int k, int rows, double[] target, int at) {
    if (rows == 1) {
      for (int j = 0; j < k; j++) {
        target[at + j] += x[j];
      }
      return;
    }
    for (int j = 0; j < k; j++) {
      target[at + j] += FloatLoops.sum(x, j * rows, rows, true);
    }
  }

  /** Fills x [K][R] with the K numbers of {@code values} from {@code at}, for every row. */
  public static void spread(double[] values, int at, int k, int rows, float[] x) {
    if (rows == 1) {
      for (int j = 0; j < k; j++) {
        x[j] = (float) values[at + j];
      }
      return;
    }
    for (int j = 0; j < k; j++) {
      Arrays.fill(x, j * rows, (j + 1) * rows, (float) values[at + j]);
    }
  }
}
