package org.tarflowlm.checkpoint.safetensors;

import java.util.List;

/**
 * A tensor's entry in the header. Elements are stored in row-major order.
 *
 * @param name the tensor's key in the header
 * @param dtype element type
 * @param shape sizes, empty for a scalar
 * @param begin first byte, counted from the end of the header
 * @param end byte after the last
 */
public record TensorInfo(String name, DType dtype, List<Long> shape, long begin, long end) {
  public TensorInfo {
    shape = List.copyOf(shape);
  }

  /** Number of elements. */
  public long length() {
    return (end - begin) / dtype.bytes();
  }

  /** The shape as a new array. */
  public long[] shapeArray() {
    return shape.stream().mapToLong(Long::longValue).toArray();
  }
}
