package org.tarflowlm.nn.session;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Places the values of a run in one block of memory, so that values alive at the same step do not overlap. The largest come first, each
 * at the lowest free place; over the graphs here, the block is then within a few percent of the most bytes that are alive at one time.
 */
final class MemoryPlan {
  /** Every value begins a line of the cache: products run up to 40 % longer where each vector lies in two. */
  static final int LINE_BYTES = 64;

  private final List<Value> values = new ArrayList<>();
  private long bytes;

  /** A value from the step that computes it to the last that reads it, both included. */
  static final class Value {
    private final long bytes;
    private final int first;
    private int last;
    private long offset = -1;

    private Value(long bytes, int step) {
      this.bytes = (bytes + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
      first = step;
      last = step;
    }

    /** Keeps the value until this step. */
    void keep(int step) {
      last = Math.max(last, step);
    }

    /** Bytes from the begin of the block, a multiple of {@link #LINE_BYTES}. */
    long offset() {
      return offset;
    }

    private boolean meets(Value other) {
      return first <= other.last && other.first <= last;
    }
  }

  /** A new value, computed by this step. */
  Value add(long bytes, int step) {
    Value value = new Value(bytes, step);
    values.add(value);
    return value;
  }

  /** Finds a place for every value; returns the bytes of the block. */
  long place() {
    List<Value> placed = new ArrayList<>(); // by offset
    List<Value> bySize = new ArrayList<>(values);
    bySize.sort(Comparator.comparingLong((Value value) -> -value.bytes).thenComparingInt(value -> value.first));
    for (Value value : bySize) {
      long free = 0;
      for (Value other : placed) {
        if (other.meets(value)) {
          if (other.offset - free >= value.bytes) {
            break;
          }
          free = Math.max(free, other.offset + other.bytes);
        }
      }
      value.offset = free;
      bytes = Math.max(bytes, free + value.bytes);
      int at = placed.size();
      while (at > 0 && placed.get(at - 1).offset > free) {
        at--;
      }
      placed.add(at, value);
    }
    return bytes;
  }
}
