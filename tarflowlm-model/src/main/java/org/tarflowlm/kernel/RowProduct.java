package org.tarflowlm.kernel;

import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;

/**
 * y = x W + b for a few rows at a time, with W [in, out] row-major: the linear maps of token-by-token passes. A row's result is the same
 * bit for bit however many rows a call holds, so positions may be computed one by one or many at once.
 *
 * <p>OpenBLAS does not guarantee this in general. Its small-matrix kernels (core type SkylakeX, at most a million multiply-adds, columns
 * in whole vectors) do, and run fastest at up to eight rows. So products are cut into such pieces, independently of the number of rows.
 * A check at class loading tests the guarantee on this processor. If it fails, plain Java loops do the work. There they also beat
 * OpenBLAS, which would copy all of W into packed panels at every call. Immutable; threads may share it.
 */
public final class RowProduct {
  /** The most rows of a native product. */
  static final int ROWS = 8;
  /** With three rows the kernels are slower than with four: 115 us against 84 for the products of five blocks of width 128. */
  private static final int SLOW = 3;
  /** Numbers of W per piece: with {@link #ROWS} rows, below the million multiply-adds up to which OpenBLAS reads factors in place. */
  private static final int PIECE = 120_000;
  private static final int PIECE_INNER = 512;
  private static final int PIECE_COLUMNS = 224;
  /** Columns are padded with zeros to a multiple of this. */
  static final int VECTOR = 16;
  private static final int X = 0;
  private static final int Y = 1;
  /** Whether native products give a row the same bits in any call on this processor. */
  static final boolean NATIVE = nativeRowsAreIndependent();

  private final int in;
  private final int out;
  private final int columns;
  /** For native products, W and the bias repeated {@link #ROWS} times; for the Java loops, one array per row. */
  private final FloatPointer weight;
  private final FloatPointer biases;
  private final float[][] rows;
  private final float[] bias;

  /**
   * Copies a linear map.
   *
   * @param weight [in * out], row by row
   * @param bias [out]
   */
  public RowProduct(float[] weight, float[] bias, int in, int out) {
    this(weight, bias, in, out, NATIVE);
  }

  RowProduct(float[] weight, float[] bias, int in, int out, boolean inNativeMemory) {
    if (weight.length != in * out || bias.length != out) {
      throw new IllegalArgumentException("the product has " + weight.length + " weights and " + bias.length + " biases; expected "
          + in * out + " and " + out);
    }
    this.in = in;
    this.out = out;
    columns = wholeVectors(out);
    this.bias = bias.clone();
    if (inNativeMemory) {
      this.weight = padded(weight, in);
      float[] repeated = new float[ROWS * out];
      for (int r = 0; r < ROWS; r++) {
        System.arraycopy(bias, 0, repeated, r * out, out);
      }
      biases = padded(repeated, ROWS);
      rows = null;
    } else {
      this.weight = null;
      biases = null;
      rows = new float[in][out];
      for (int i = 0; i < in; i++) {
        System.arraycopy(weight, i * out, rows[i], 0, out);
      }
    }
  }

  private FloatPointer padded(float[] matrix, int count) {
    float[] result = new float[count * columns];
    for (int r = 0; r < count; r++) {
      System.arraycopy(matrix, r * out, result, r * columns, out);
    }
    return new FloatPointer(result);
  }

  static int wholeVectors(int count) {
    return (count + VECTOR - 1) / VECTOR * VECTOR;
  }

  /** Rows of W. */
  public int in() {
    return in;
  }

  /** Columns of W. */
  public int out() {
    return out;
  }

  /** Fills y [count * out] from x [count * in]. */
  public void run(float[] x, int count, float[] y) {
    run(x, 0, count, y);
  }

  /** Fills the rows [from, to) only. */
  public void run(float[] x, int from, int to, float[] y) {
    for (int first = from; first < to; first += ROWS) {
      int m = Math.min(ROWS, to - first);
      if (rows == null) {
        nativeRows(x, first, m, y);
      } else {
        javaRows(x, first, m, y);
      }
    }
  }

  private void nativeRows(float[] x, int first, int m, float[] y) {
    Scratch scratch = Scratch.get();
    FloatPointer px = scratch.natives(X, (long) ROWS * in);
    FloatPointer py = scratch.natives(Y, (long) ROWS * columns);
    px.put(x, first * in, m * in);
    int computed = m;
    if (m == SLOW) {
      scratch.view(0, px, (long) m * in).put(x, first * in, in);
      computed = m + 1;
    }
    Pointer.memcpy(py, biases, (long) computed * columns * Float.BYTES);
    if ((long) in * columns <= PIECE) {
      Gemm.runFew(false, false, computed, columns, in, 1f, px, in, weight, columns, 1f, py, columns);
    } else {
      for (int i = 0; i < in; i += PIECE_INNER) {
        for (int o = 0; o < columns; o += PIECE_COLUMNS) {
          Gemm.runFew(false, false, computed, Math.min(PIECE_COLUMNS, columns - o), Math.min(PIECE_INNER, in - i), 1f,
              scratch.view(0, px, i), in, scratch.view(1, weight, (long) i * columns + o), columns, 1f, scratch.view(2, py, o), columns);
        }
      }
    }
    if (columns == out) {
      py.get(y, first * out, m * out);
    } else {
      for (int r = 0; r < m; r++) {
        scratch.view(0, py, (long) r * columns).get(y, (first + r) * out, out);
      }
    }
  }

  /** Applies eight rows of W at a time to all rows of x, while they are in the first-level cache. */
  private void javaRows(float[] x, int first, int m, float[] y) {
    Scratch scratch = Scratch.get();
    for (int r = 0; r < m; r++) {
      System.arraycopy(bias, 0, scratch.floats(r, out), 0, out);
    }
    int i = 0;
    for (; i + ROWS <= in; i += ROWS) {
      for (int r = 0; r < m; r++) {
        int at = (first + r) * in + i;
        float[] target = scratch.floats(r, out);
        addRows(rows[i], rows[i + 1], rows[i + 2], rows[i + 3], x[at], x[at + 1], x[at + 2], x[at + 3], target, out);
        addRows(rows[i + 4], rows[i + 5], rows[i + 6], rows[i + 7], x[at + 4], x[at + 5], x[at + 6], x[at + 7], target, out);
      }
    }
    for (; i < in; i++) {
      for (int r = 0; r < m; r++) {
        addRow(rows[i], x[(first + r) * in + i], scratch.floats(r, out), out);
      }
    }
    for (int r = 0; r < m; r++) {
      System.arraycopy(scratch.floats(r, out), 0, y, (first + r) * out, out);
    }
  }

  /** Adds four rows per pass, which reads and writes the target only once; with eight, the compiler would not vectorise. */
  private static void addRows(float[] r0, float[] r1, float[] r2, float[] r3, float a, float b, float c, float d, float[] y, int n) {
    for (int o = 0; o < n; o++) {
      y[o] += a * r0[o] + b * r1[o] + c * r2[o] + d * r3[o];
    }
  }

  /** y += a row. */
  static void addRow(float[] row, float a, float[] y, int n) {
    for (int o = 0; o < n; o++) {
      y[o] += a * row[o];
    }
  }

  /** Compares products of one to eight rows, of large and odd sizes. */
  private static boolean nativeRowsAreIndependent() {
    NativeSetup.ensure();
    if (!NativeSetup.coreType().equalsIgnoreCase("SkylakeX")) {
      return false;
    }
    for (int[] size : new int[][] {{128, 384}, {512, 128}, {37, 19}, {5, 128}, {768, 300}}) {
      RowProduct product = new RowProduct(Gemm.pattern(size[0] * size[1], 1), Gemm.pattern(size[1], 2), size[0], size[1], true);
      float[] x = Gemm.pattern(ROWS * size[0], 3);
      float[] whole = new float[ROWS * size[1]];
      product.run(x, ROWS, whole);
      for (int m = 1; m < ROWS; m++) {
        float[] part = new float[ROWS * size[1]];
        for (int first = 0; first < ROWS; first += m) {
          product.nativeRows(x, first, Math.min(m, ROWS - first), part);
        }
        if (!Arrays.equals(whole, part)) {
          return false;
        }
      }
    }
    return true;
  }
}
