package org.tarflowlm.ops;

import java.util.Arrays;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Shape arithmetic and checks of the ops; every failed check throws IllegalArgumentException with one line. */
final class Shapes {
  private Shapes() {}

  /** The shape without its last dimension. */
  static long[] leading(long[] shape) {
    return Arrays.copyOf(shape, shape.length - 1);
  }

  /** The shape with one more dimension. */
  static long[] append(long[] shape, long last) {
    long[] result = Arrays.copyOf(shape, shape.length + 1);
    result[shape.length] = last;
    return result;
  }

  /** Checks the shape of input {@code index}. */
  static void require(String op, String name, INDArray array, long... expected) {
    if (!Arrays.equals(array.shape(), expected)) {
      throw new IllegalArgumentException(op + ": expected " + name + " of shape " + Arrays.toString(expected)
          + ", found " + Arrays.toString(array.shape()));
    }
  }

  /** Checks that {@code array} is [z's shape, m * unit] and returns m * unit. */
  static int requireParameters(String op, String name, INDArray z, INDArray array, int unit) {
    long[] shape = array.shape();
    if (shape.length != z.rank() + 1 || !Arrays.equals(leading(shape), z.shape()) || shape[shape.length - 1] % unit != 0) {
      throw new IllegalArgumentException(op + ": expected " + name + " of shape " + Arrays.toString(z.shape())
          + " with one more dimension, a multiple of " + unit + ", found " + Arrays.toString(shape));
    }
    return (int) shape[shape.length - 1];
  }

  /** Checks shared component means [K, d] and log-scales [K] at inputs {@code at} and {@code at + 1} against z [.., d]; returns K. */
  static long requireComponents(String op, List<INDArray> inputs, int at) {
    INDArray means = inputs.get(at);
    long dims = inputs.get(0).size(-1);
    if (means.rank() != 2 || means.size(1) != dims) {
      throw new IllegalArgumentException(op + ": expected component means of shape [K, " + dims + "], found "
          + Arrays.toString(means.shape()));
    }
    require(op, "component log-scales", inputs.get(at + 1), means.size(0));
    return means.size(0);
  }
}
