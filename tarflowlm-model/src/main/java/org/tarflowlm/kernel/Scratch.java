package org.tarflowlm.kernel;

import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;

/**
 * Temporary memory of one thread: buffers that grow and are kept, so that training steps stop allocating.
 *
 * <p>A slot has one use at a time. A kernel's tasks and the code around the tasks must use different slots, because the calling thread
 * runs tasks too.
 */
final class Scratch {
  private static final int SLOTS = 12;
  /** Floats of a line of the cache and of AVX-512's vectors. Pieces of products take up to 40 % longer where each vector lies in two. */
  private static final int LINE = 16;
  private static final int ELEMENTS_A_TASK = 1 << 16;
  private static final ThreadLocal<Scratch> OF_THREAD = ThreadLocal.withInitial(Scratch::new);

  private final float[][] arrays = new float[SLOTS][];
  private final FloatPointer[] natives = new FloatPointer[SLOTS];
  private final View[] aligned = new View[SLOTS];
  private final View[] views = new View[SLOTS];
  private final View[] gemmViews = {new View(), new View(), new View()};
  private final ScoreBlock[] scores = {new ScoreBlock(), new ScoreBlock()};
  private FloatPointer ones;
  private FloatPointer gemmNatives = new FloatPointer(0L);

  private Scratch() {
    for (int i = 0; i < SLOTS; i++) {
      views[i] = new View();
      aligned[i] = new View();
    }
  }

  static Scratch get() {
    return OF_THREAD.get();
  }

  /** Work on one chunk of many elements. */
  interface ChunkTask {
    /** Processes {@code n} elements, starting at {@code first}. */
    void run(Scratch scratch, long first, int n);
  }

  /** Processes {@code count} elements on all cores, in chunks of at most {@code size}, a divisor of 2^16. */
  static void inChunks(long count, int size, ChunkTask chunk) {
    Parallel.run(Math.toIntExact((count + ELEMENTS_A_TASK - 1) / ELEMENTS_A_TASK), task -> {
      Scratch scratch = get();
      long last = Math.min(count, (task + 1L) * ELEMENTS_A_TASK);
      for (long first = (long) task * ELEMENTS_A_TASK; first < last; first += size) {
        chunk.run(scratch, first, (int) Math.min(size, last - first));
      }
    });
  }

  /** A Java array of at least {@code length} elements, contents undefined. */
  float[] floats(int slot, int length) {
    if (arrays[slot] == null || arrays[slot].length < length) {
      arrays[slot] = new float[length];
    }
    return arrays[slot];
  }

  /** Native memory of at least {@code length} elements, contents undefined, which begins a line of the cache. */
  FloatPointer natives(int slot, long length) {
    if (natives[slot] == null || natives[slot].capacity() < length + LINE) {
      if (natives[slot] != null) {
        natives[slot].close();
      }
      natives[slot] = new FloatPointer(length + LINE);
      long past = natives[slot].address() / Float.BYTES % LINE;
      aligned[slot].aim(natives[slot], (LINE - past) % LINE);
    }
    return aligned[slot];
  }

  /** At least {@code length} ones. */
  FloatPointer ones(int length) {
    if (ones == null || ones.capacity() < length) {
      float[] values = new float[length];
      Arrays.fill(values, 1f);
      if (ones != null) {
        ones.close();
      }
      ones = new FloatPointer(values);
    }
    return ones;
  }

  /** One of the two blocks of attention scores. */
  ScoreBlock scores(int slot) {
    return scores[slot];
  }

  /** A view of {@code base} that starts {@code offset} elements later; valid until the slot's next use. */
  FloatPointer view(int slot, FloatPointer base, long offset) {
    return views[slot].aim(base, offset);
  }

  /** A view for {@link Gemm}'s own use, so that its callers may use all slots. */
  FloatPointer gemmView(int slot, FloatPointer base, long offset) {
    return gemmViews[slot].aim(base, offset);
  }

  /** Native memory of at least {@code length} elements, contents undefined, for {@link Gemm}'s own use. */
  FloatPointer gemmNatives(long length) {
    if (gemmNatives.capacity() < length) {
      gemmNatives.close();
      gemmNatives = new FloatPointer(length);
    }
    return gemmNatives;
  }

  /**
   * A reusable pointer object, since a kernel needs thousands of pointers per step. Its position stays zero, because
   * {@link Pointer#memcpy} counts it in bytes but everything else in elements.
   */
  static final class View extends FloatPointer {
    View() {
      super((Pointer) null);
    }

    FloatPointer aim(FloatPointer base, long offset) {
      address = base.address() + Float.BYTES * (base.position() + offset);
      return this;
    }
  }
}
