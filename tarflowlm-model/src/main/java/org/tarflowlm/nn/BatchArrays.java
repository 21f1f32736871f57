package org.tarflowlm.nn;

import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.ops.Tensors;

/** Checks and converts arrays from iterators; an IllegalArgumentException for unusable ones says what was found and expected. */
final class BatchArrays {
  private BatchArrays() {}

  /** Ids as [batch, time], from that shape or from DataVec's sequences, [batch, 1, time]. */
  static INDArray flat(String what, INDArray array) {
    if (array.rank() == 3 && array.size(1) == 1) {
      return array.reshape('c', array.size(0), array.size(2));
    }
    if (array.rank() != 2) {
      throw new IllegalArgumentException(what + " have shape " + Arrays.toString(array.shape())
          + "; expected [batch, time], or [batch, 1, time]");
    }
    return array;
  }

  /** Requires [batch, time, width] numbers of the network's type, or FLOAT for a DOUBLE network; width -1 allows any width. */
  static INDArray floating(String what, INDArray array, DataType type, long batch, long time, long width) {
    if (array.rank() != 3 || array.size(0) != batch || array.size(1) != time || width >= 0 && array.size(2) != width) {
      throw new IllegalArgumentException(what + ": found shape " + Arrays.toString(array.shape()) + "; expected [" + batch + ", " + time
          + ", " + (width < 0 ? "latentDim" : width) + "]");
    }
    if (array.dataType() != type && !(type == DataType.DOUBLE && array.dataType() == DataType.FLOAT)) {
      throw new IllegalArgumentException(what + ": found " + array.dataType() + "; expected " + type);
    }
    return array;
  }

  /** Converts to whole numbers, in C order. */
  static int[] whole(String what, INDArray array) {
    if (!array.dataType().isFPType()) {
      return Tensors.ints(array);
    }
    double[] values = array.dup('c').data().asDouble();
    int[] result = new int[values.length];
    for (int i = 0; i < values.length; i++) {
      result[i] = (int) values[i];
      if (result[i] != values[i]) {
        throw new IllegalArgumentException(what + ": found " + values[i] + "; expected whole numbers");
      }
    }
    return result;
  }

  /** The one mask that two inputs share; either may be null, and both must be equal. */
  static INDArray oneMask(String first, INDArray a, String second, INDArray b) {
    if (a != null && b != null && a != b && !(Arrays.equals(a.shape(), b.shape()) && a.castTo(b.dataType()).equals(b))) {
      throw new IllegalArgumentException(first + " and " + second + " differ; expected one mask for both");
    }
    return a == null ? b : a;
  }

  /**
   * Number of tokens in each text, [batch], by a mask of ones followed by zeros; null if all texts fill the window.
   *
   * @param patch tokens per patch; each text must consist of whole patches
   */
  static int[] lengths(INDArray mask, int batch, int time, int patch) {
    if (mask.rank() != 2 || mask.size(0) != batch || mask.size(1) != time) {
      throw new IllegalArgumentException("mask has shape " + Arrays.toString(mask.shape()) + "; expected [" + batch + ", " + time + "]");
    }
    float[] values = mask.castTo(DataType.FLOAT).dup('c').data().asFloat();
    int[] result = new int[batch];
    boolean full = true;
    for (int b = 0; b < batch; b++) {
      int length = 0;
      while (length < time && values[b * time + length] == 1) {
        length++;
      }
      for (int t = length; t < time; t++) {
        if (values[b * time + t] != 0) {
          throw new IllegalArgumentException("mask of text " + b + ": found " + values[b * time + t] + " at position " + t + " after "
              + length + " ones; expected ones and then zeros, no holes");
        }
      }
      if (length == 0 || length % patch != 0) {
        throw new IllegalArgumentException("text " + b + " has " + length + " tokens; expected at least one"
            + (patch == 1 ? "" : " patch, and whole patches of " + patch));
      }
      full &= length == time;
      result[b] = length;
    }
    return full ? null : result;
  }
}
