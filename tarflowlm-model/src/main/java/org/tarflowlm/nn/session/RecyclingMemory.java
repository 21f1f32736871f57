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
 * Memory of a SameDiff session that hands released arrays out again, within a step and across steps, so that memory stays flat and
 * near what the live activations of one step need. DL4J's workspaces are flat as well but never reuse within a step.
 *
 * <p>The pool is keyed by type and length; buffers are distinguished as objects, since SameDiff may hand back another view of the same
 * buffer and since not every backend has an address on the host for them. Not thread-safe: one for each session.
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

  /** Bytes of all buffers ever allocated here; none is given back before {@link #close()}. */
  long bytes() {
    return bytes;
  }

  /** Most bytes ever handed out at one time: what a step cannot do without. */
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

  /** The buffer of which an array's own may be a part. */
  private static DataBuffer whole(INDArray array) {
    DataBuffer original = array.data().originalDataBuffer();
    return original == null ? array.data() : original;
  }

  /** Takes every buffer back, released or not; to be called when the outputs of a step have been read. */
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
   * A buffer with the views that it was handed out as. Views are kept, because each new one costs a native handle that only the
   * garbage collector gives back: some hundred per step.
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
          // SameDiff knows arrays by id: one that comes back must look like a new one
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
