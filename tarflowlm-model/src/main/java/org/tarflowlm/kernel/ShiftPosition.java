package org.tarflowlm.kernel;

import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;
import org.tarflowlm.vector.FloatLoops;

/**
 * Prepares the input of a causal transformer that predicts position t from earlier positions: shifts the embedded sequence right by one,
 * puts a learned start vector first, and adds the position embeddings.
 *
 * <pre>
 *   e, out, dOut, de [batch, time, width]    start [width]    position [maxTime, width], maxTime >= time
 *   out[b, 0] = start + position[0]          out[b, t] = e[b, t - 1] + position[t]
 *   de[b, t - 1] = dOut[b, t], de[b, time - 1] = 0    dStart = sum_b dOut[b, 0]
 *   dPosition[t] = sum_b dOut[b, t], 0 for t >= time
 * </pre>
 *
 * <p>A forward task handles one sequence; a backward task handles a range of positions of all sequences, so that the sums over the batch
 * need no partial results.
 */
public final class ShiftPosition {
  private static final int CHUNK = 8_192;

  private ShiftPosition() {}

  /** Fills out. */
  public static void forward(FloatPointer e, FloatPointer start, FloatPointer position, FloatPointer out,
      int batch, int time, int width) {
    Scratch outer = Scratch.get();
    float[] p = outer.floats(8, time * width);
    position.get(p, 0, time * width);
    Parallel.run(batch, b -> {
      Scratch scratch = Scratch.get();
      float[] row = scratch.floats(0, time * width);
      start.get(row, 0, width);
      if (time > 1) {
        scratch.view(0, e, (long) b * time * width).get(row, width, (time - 1) * width);
      }
      FloatLoops.add(row, p, time * width);
      scratch.view(0, out, (long) b * time * width).put(row, 0, time * width);
    });
  }

  /** Fills de, dStart and dPosition. */
  public static void backward(FloatPointer dOut, FloatPointer de, FloatPointer dStart, FloatPointer dPosition,
      int batch, int time, int maxTime, int width) {
    int chunk = Math.max(1, CHUNK / width);
    Parallel.run((maxTime + chunk - 1) / chunk, task -> {
      int first = task * chunk;
      int count = Math.min(chunk, maxTime - first) * width;
      int used = Math.max(0, Math.min(chunk, time - first)) * width;
      Scratch scratch = Scratch.get();
      float[] sum = scratch.floats(0, count);
      float[] row = scratch.floats(1, count);
      Arrays.fill(sum, 0, count, 0f);
      for (int b = 0; b < batch && used > 0; b++) {
        long at = ((long) b * time + first) * width;
        scratch.view(0, dOut, at).get(row, 0, used);
        FloatLoops.add(sum, row, used);
        int skipped = first == 0 ? width : 0;
        if (used > skipped) {
          scratch.view(0, de, at + skipped - width).put(row, skipped, used - skipped);
        }
        if (first * width + used == time * width) {
          Arrays.fill(row, 0, width, 0f);
          scratch.view(0, de, ((long) (b + 1) * time - 1) * width).put(row, 0, width);
        }
      }
      scratch.view(0, dPosition, (long) first * width).put(sum, 0, count);
      if (first == 0) {
        dStart.put(sum, 0, width);
      }
    });
  }
}
