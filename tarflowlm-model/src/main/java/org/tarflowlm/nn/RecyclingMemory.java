package org.tarflowlm.nn;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.nd4j.autodiff.samediff.internal.memory.AbstractMemoryMgr;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.LongShapeDescriptor;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Memory of a SameDiff session that hands released arrays out again, within a step and across steps, so that memory stays flat and
 * near what the live activations of one step need. DL4J's workspaces are flat as well but never reuse within a step.
 *
 * <p>The pool is keyed by type and length; buffers are told apart by their native address, since SameDiff may hand back another
 * view of the same buffer. Not thread-safe: one for each session.
 */
final class RecyclingMemory extends AbstractMemoryMgr {
  private record Key(DataType type, long length) {}

  private final Map<Key, ArrayDeque<INDArray>> free = new HashMap<>();
  private final Map<Long, INDArray> owned = new HashMap<>();
  private final Set<Long> inPool = new HashSet<>();
  private long bytes;

  /** Bytes of all buffers ever allocated here; none is given back before {@link #close()}. */
  long bytes() {
    return bytes;
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
    ArrayDeque<INDArray> pool = free.get(new Key(type, length));
    INDArray buffer = pool == null ? null : pool.pollFirst();
    if (buffer == null) {
      buffer = Nd4j.createUninitializedDetached(type, length);
      bytes += length * type.width();
      owned.put(buffer.data().address(), buffer);
    } else {
      inPool.remove(buffer.data().address());
    }
    return shape.length == 0 ? buffer.reshape() : buffer.reshape('c', shape);
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
    INDArray buffer = owned.get(array.data().address());
    if (buffer != null && buffer.length() == array.length()) {
      recycle(buffer);
    }
  }

  /** Takes every buffer back, released or not; to be called when the outputs of a step have been read. */
  void endStep() {
    owned.values().forEach(this::recycle);
  }

  private void recycle(INDArray buffer) {
    if (inPool.add(buffer.data().address())) {
      free.computeIfAbsent(new Key(buffer.dataType(), buffer.length()), key -> new ArrayDeque<>()).addFirst(buffer);
    }
  }

  /** Frees the native memory of every buffer. */
  @Override
  public void close() {
    owned.values().forEach(INDArray::close);
    owned.clear();
    free.clear();
    inPool.clear();
    bytes = 0;
  }
}
