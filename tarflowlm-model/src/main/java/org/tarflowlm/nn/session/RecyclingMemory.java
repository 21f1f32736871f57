package org.tarflowlm.nn.session;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.nd4j.autodiff.samediff.internal.memory.AbstractMemoryMgr;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.BaseNDArray;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.LongShapeDescriptor;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Memory of a SameDiff session that reuses released arrays within a step and across steps. So it stays constant, near what the live
 * activations of one step need. DL4J's workspaces stay constant too, but do not reuse memory within a step.
 *
 * <p>The pool is keyed by type and length. Buffers are compared by object identity, because SameDiff may release another view of the same
 * buffer, and not every backend has a host address for it. Not thread-safe: each session has its own.
 */
final class RecyclingMemory extends AbstractMemoryMgr {
  private record Key(DataType type, long length) {}

  private final Map<Key, ArrayDeque<Buffer>> free = new HashMap<>();
  private final Map<DataBuffer, Buffer> owned = new IdentityHashMap<>();
  private final BiFunction<DataType, Long, INDArray> source;
  private long bytes;
  private long live;
  private long peakLive;

  RecyclingMemory() {
    this((type, length) -> Nd4j.createUninitializedDetached(type, length));
  }

  /** @param source makes a flat array of a type and length */
  RecyclingMemory(BiFunction<DataType, Long, INDArray> source) {
    this.source = source;
  }

  /** Bytes of all buffers allocated here; {@link #close()} frees them. */
  long bytes() {
    return bytes;
  }

  /** Most bytes in use at one time, which is what a step needs. */
  long peakLiveBytes() {
    return peakLive;
  }

  @Override
  public INDArray allocate(boolean detached, DataType type, long... shape) {
    long length = 1;
    for (long size : shape) {
      length *= size;
    }
    if (length == 0) {
      return Nd4j.createUninitializedDetached(type, shape);
    }
    ArrayDeque<Buffer> pool = free.get(new Key(type, length));
    Buffer buffer = pool == null ? null : pool.pollFirst();
    if (buffer == null) {
      buffer = new Buffer(source.apply(type, length));
      bytes += length * type.width();
      owned.put(whole(buffer.flat), buffer);
    }
    buffer.pooled = false;
    live += length * type.width();
    peakLive = Math.max(peakLive, live);
    return buffer.shaped(shape);
  }

  @Override
  public INDArray allocate(boolean detached, LongShapeDescriptor descriptor) {
    return descriptor.isEmpty() ? Nd4j.create(descriptor) : allocate(detached, descriptor.dataType(), descriptor.getShape());
  }

  @Override
  public void release(INDArray array) {
    if (array == null || array.isEmpty()) {
      return;
    }
    Buffer buffer = owned.get(whole(array));
    if (buffer != null && buffer.flat.length() == array.length()) {
      recycle(buffer);
    }
  }

  /** The buffer of its own in which an array lies; null if it lies elsewhere. */
  DataBuffer bufferOf(INDArray array) {
    Buffer buffer = array.isEmpty() ? null : owned.get(whole(array));
    return buffer == null ? null : whole(buffer.flat);
  }

  /** The whole buffer of an array; the array's own buffer may be a view of it. */
  private static DataBuffer whole(INDArray array) {
    DataBuffer original = array.data().originalDataBuffer();
    return original == null ? array.data() : original;
  }

  /** Returns every buffer to the pool, released or not. Call it after reading the outputs of a step. */
  void endStep() {
    owned.values().forEach(this::recycle);
  }

  private void recycle(Buffer buffer) {
    if (!buffer.pooled) {
      buffer.pooled = true;
      live -= buffer.flat.length() * buffer.flat.dataType().width();
      free.computeIfAbsent(new Key(buffer.flat.dataType(), buffer.flat.length()), key -> new ArrayDeque<>()).addFirst(buffer);
    }
  }

  /** Frees the native memory of every buffer. */
  @Override
  public void close() {
    owned.values().forEach(buffer -> buffer.flat.close());
    owned.clear();
    free.clear();
    bytes = 0;
    live = 0;
  }

  /**
   * A buffer with its views, one per shape. Views are kept because each new one costs a native handle that only the garbage collector
   * frees, about a hundred per step.
   */
  private static final class Buffer {
    private final INDArray flat;
    private final List<INDArray> views = new ArrayList<>();
    private boolean pooled;

    Buffer(INDArray flat) {
      this.flat = flat;
    }

    INDArray shaped(long[] shape) {
      for (INDArray view : views) {
        if (Arrays.equals(view.shape(), shape)) {
          // SameDiff knows arrays by id: a reused one must look new
          ((BaseNDArray) view).assignNewId();
          return view;
        }
      }
      INDArray view = shape.length == 0 ? flat.reshape() : flat.reshape('c', shape);
      views.add(view);
      return view;
    }
  }
}
