package org.tarflowlm.kernel;

import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.tarflowlm.vector.FloatLoops;

/**
 * Token embedding: rows of a table.
 *
 * <pre>
 *   table, dTable [vocabulary, width]    ids [n]    out, dOut [n, width]
 *   out[i] = table[ids[i]]               dTable[v] = sum over ids[i] == v of dOut[i], 0 for tokens that do not occur
 * </pre>
 *
 * <p>Only rows of tokens that occur are read or summed; the rest of dTable is cleared. Occurrences are sorted by token, and a task sums
 * whole runs of equal tokens in order of position. So no two tasks touch the same row, and the order of addition never changes.
 */
public final class Embedding {
  private static final int ROWS_A_TASK = 128;
  private static final int FLOATS_CLEARED_A_TASK = 1 << 18;

  private Embedding() {}

  /** Fills out; throws an IllegalArgumentException if an id is outside the vocabulary. */
  public static void forward(FloatPointer table, int[] ids, FloatPointer out, int vocabulary, int width) {
    checkIds(ids, vocabulary);
    long bytes = (long) Float.BYTES * width;
    Parallel.run((ids.length + ROWS_A_TASK - 1) / ROWS_A_TASK, task -> {
      Scratch scratch = Scratch.get();
      int last = Math.min(ids.length, (task + 1) * ROWS_A_TASK);
      for (int i = task * ROWS_A_TASK; i < last; i++) {
        Pointer.memcpy(scratch.view(0, out, (long) i * width), scratch.view(1, table, (long) ids[i] * width), bytes);
      }
    });
  }

  /** Fills dTable. */
  public static void backward(FloatPointer dOut, int[] ids, FloatPointer dTable, int vocabulary, int width) {
    checkIds(ids, vocabulary);
    clear(dTable, (long) vocabulary * width);
    long[] occurrences = new long[ids.length];
    for (int i = 0; i < ids.length; i++) {
      occurrences[i] = (long) ids[i] << 32 | i;
    }
    Arrays.sort(occurrences);
    Parallel.run((ids.length + ROWS_A_TASK - 1) / ROWS_A_TASK, task -> {
      int end = Math.min(ids.length, (task + 1) * ROWS_A_TASK);
      for (int at = task * ROWS_A_TASK; at < end; at++) {
        if (at == 0 || token(occurrences[at - 1]) != token(occurrences[at])) {
          sumRun(occurrences, at, dOut, dTable, width);
        }
      }
    });
  }

  /** Sums the run of equal tokens that begins at index {@code from}; the run may extend into the next task's range. */
  private static void sumRun(long[] occurrences, int from, FloatPointer dOut, FloatPointer dTable, int width) {
    Scratch scratch = Scratch.get();
    float[] sum = scratch.floats(0, width);
    float[] row = scratch.floats(1, width);
    int token = token(occurrences[from]);
    scratch.view(0, dOut, (long) (int) occurrences[from] * width).get(sum, 0, width);
    for (int i = from + 1; i < occurrences.length && token(occurrences[i]) == token; i++) {
      scratch.view(0, dOut, (long) (int) occurrences[i] * width).get(row, 0, width);
      FloatLoops.add(sum, row, width);
    }
    scratch.view(0, dTable, (long) token * width).put(sum, 0, width);
  }

  private static int token(long occurrence) {
    return (int) (occurrence >>> 32);
  }

  private static void clear(FloatPointer target, long length) {
    int tasks = Math.toIntExact((length + FLOATS_CLEARED_A_TASK - 1) / FLOATS_CLEARED_A_TASK);
    Parallel.run(tasks, task -> {
      long first = (long) task * FLOATS_CLEARED_A_TASK;
      long count = Math.min(FLOATS_CLEARED_A_TASK, length - first);
      Pointer.memset(Scratch.get().view(0, target, first), 0, Float.BYTES * count);
    });
  }

  /**
   * Checks ids before they index memory, which native code does not guard.
   *
   * @throws IllegalArgumentException if an id is outside [0, vocabulary)
   */
  static void checkIds(int[] ids, int vocabulary) {
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] < 0 || ids[i] >= vocabulary) {
        throw new IllegalArgumentException("token id at index " + i + " is " + ids[i] + "; expected 0 to " + (vocabulary - 1));
      }
    }
  }
}
