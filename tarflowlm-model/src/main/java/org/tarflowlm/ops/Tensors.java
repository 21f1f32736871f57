package org.tarflowlm.ops;

import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.backend.HostMemory;

/**
 * Gives kernels access to the memory of ND4J arrays. Bulk copies between native memory and Java arrays run at memory speed; access
 * element by element is several times slower.
 *
 * <p>Methods that ask for a dense array throw an IllegalArgumentException if it is not dense or has another type.
 */
public final class Tensors {
  private Tensors() {}

  /** The array itself if it is {@linkplain #isDense dense}, else a dense copy. */
  static INDArray dense(INDArray array) {
    return isDense(array) ? array : array.dup('c');
  }

  /** Whether the elements lie in C order without gaps. */
  public static boolean isDense(INDArray array) {
    // Shape.hasDefaultStridesForShape is wrongly false for some shapes with dimensions of size 1
    long expected = 1;
    for (int i = array.rank() - 1; i >= 0; i--) {
      if (array.size(i) != 1 && array.stride(i) != expected) {
        return false;
      }
      expected *= array.size(i);
    }
    return true;
  }

  /** Native address of element 0 of a dense FLOAT array. */
  public static FloatPointer floats(INDArray array) {
    check(array, DataType.FLOAT);
    FloatPointer pointer = new FloatPointer(HostMemory.pointer(array));
    return at(pointer, array.offset());
  }

  /** A pointer {@code elements} further into the same memory. */
  public static FloatPointer at(FloatPointer pointer, long elements) {
    return new FloatPointer(pointer).position(pointer.position() + elements);
  }

  /** Copies {@code count} elements from element {@code from} of a dense FLOAT or DOUBLE array into {@code target} from index 0. */
  public static void read(INDArray array, long from, double[] target, int count) {
    if (array.dataType() == DataType.DOUBLE) {
      memory(array, from).get(target, 0, count);
      return;
    }
    float[] buffer = Scratch.floats(count);
    read(array, from, buffer, count);
    for (int i = 0; i < count; i++) {
      target[i] = buffer[i];
    }
  }

  /** All elements of a FLOAT or DOUBLE array, in C order. */
  static double[] doubles(INDArray array) {
    double[] result = new double[Math.toIntExact(array.length())];
    read(dense(array), 0, result, result.length);
    return result;
  }

  /** Copies {@code count} elements from element {@code from} of a dense FLOAT array into {@code target} from index 0. */
  public static void read(INDArray array, long from, float[] target, int count) {
    at(floats(array), from).get(target, 0, count);
  }

  /** Copies {@code count} values of {@code source} from index 0 to element {@code to} of a dense FLOAT array. */
  public static void write(float[] source, int count, INDArray array, long to) {
    at(floats(array), to).put(source, 0, count);
  }

  /** Copies {@code count} values of {@code source} from index 0 to element {@code to} of a dense FLOAT or DOUBLE array. */
  public static void write(double[] source, int count, INDArray array, long to) {
    if (array.dataType() == DataType.DOUBLE) {
      memory(array, to).put(source, 0, count);
      return;
    }
    float[] buffer = Scratch.floats(count);
    for (int i = 0; i < count; i++) {
      buffer[i] = (float) source[i];
    }
    write(buffer, count, array, to);
  }

  /** All elements of an array of whole numbers, in C order. */
  public static int[] ints(INDArray array) {
    INDArray dense = dense(array.dataType() == DataType.INT32 ? array : array.castTo(DataType.INT32));
    if (!HostMemory.isShared()) {
      return dense.dup('c').data().asInt();
    }
    int[] result = new int[Math.toIntExact(dense.length())];
    Pointer data = HostMemory.pointer(dense);
    new IntPointer(data).position(data.position() + dense.offset()).get(result);
    return result;
  }

  private static DoublePointer memory(INDArray array, long from) {
    check(array, DataType.DOUBLE);
    Pointer data = HostMemory.pointer(array);
    return new DoublePointer(data).position(data.position() + array.offset() + from);
  }

  private static void check(INDArray array, DataType type) {
    if (array.dataType() != type || !isDense(array)) {
      throw new IllegalArgumentException("found " + array.shapeInfoToString() + "; expected a dense " + type + " array");
    }
  }

  /** A growing buffer per thread for conversions between single and double precision. */
  private static final class Scratch {
    private static final ThreadLocal<float[]> BUFFER = ThreadLocal.withInitial(() -> new float[4096]);

    static float[] floats(int count) {
      float[] buffer = BUFFER.get();
      if (buffer.length < count) {
        buffer = new float[Math.max(count, 2 * buffer.length)];
        BUFFER.set(buffer);
      }
      return buffer;
    }
  }
}
