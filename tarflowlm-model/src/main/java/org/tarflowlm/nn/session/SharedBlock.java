package org.tarflowlm.nn.session;

import java.util.Arrays;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.backend.HostMemory;

/** Native memory that the recorded runs of a session use in turn. It grows to the largest of them. */
final class SharedBlock {
  private INDArray memory;
  private long bytes;
  private int version;

  /** Bytes of native memory. */
  long bytes() {
    return memory == null ? 0 : memory.length();
  }

  /** Makes room; if that takes other memory, arrays of the version before must not be used any more. */
  void ensure(long wanted) {
    if (wanted > bytes) {
      close();
      memory = Nd4j.createUninitializedDetached(DataType.INT8, wanted + MemoryPlan.LINE_BYTES);
      bytes = wanted;
      version++;
    }
  }

  /** A number for each memory that it has had; 0 before the first. */
  int version() {
    return version;
  }

  /**
   * An array in C order that begins {@code offset} bytes after the begin. Its buffer is no view of a longer one, of which M2.1 would slice
   * parts wrongly.
   */
  INDArray array(DataType type, long[] shape, long offset) {
    Pointer begin = HostMemory.pointer(memory);
    long skipped = (MemoryPlan.LINE_BYTES - begin.address() % MemoryPlan.LINE_BYTES) % MemoryPlan.LINE_BYTES;
    long length = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    INDArray flat = Nd4j.create(Nd4j.createBuffer(new Place(begin, skipped + offset, length), length, type), length);
    return shape.length == 0 ? flat.reshape() : flat.reshape('c', shape);
  }

  /** Frees the memory; arrays in it must not be used any more. */
  void close() {
    if (memory != null) {
      memory.close();
      memory = null;
      bytes = 0;
    }
  }

  /** Elements inside other memory. */
  private static final class Place extends BytePointer {
    /** @param length elements of the type as which ND4J will take the pointer; it checks indices against this */
    Place(Pointer base, long offset, long length) {
      super((Pointer) null);
      address = base.address() + offset;
      limit = length;
      capacity = length;
    }
  }
}
