package org.tarflowlm.checkpoint.safetensors;

import java.util.Arrays;

/** A dense array of floats in row-major order. The values are shared, not copied, so callers must not change them. */
public final class FloatTensor {
  private final long[] shape;
  private final float[] values;

  /**
   * @param shape sizes, empty for a scalar
   * @param values as many as the product of the sizes
   * @throws IllegalArgumentException if the number of values differs from that product
   */
  public FloatTensor(long[] shape, float... values) {
    if (Arrays.stream(shape).reduce(1, Math::multiplyExact) != values.length) {
      throw new IllegalArgumentException(values.length + " values for shape " + Arrays.toString(shape));
    }
    this.shape = shape.clone();
    this.values = values;
  }

  public long[] shape() {
    return shape.clone();
  }

  /** The values themselves, not a copy, in row-major order. */
  public float[] values() {
    return values;
  }

  /** This tensor rounded to F16 or BF16 and back; other types return the tensor itself. */
  public FloatTensor rounded(DType dtype) {
    if (dtype != DType.F16 && dtype != DType.BF16) {
      return this;
    }
    float[] result = new float[values.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = dtype == DType.F16 ? SmallFloats.fromHalf(SmallFloats.toHalf(values[i]))
          : SmallFloats.fromBfloat16(SmallFloats.toBfloat16(values[i]));
    }
    return new FloatTensor(shape, result);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof FloatTensor that && Arrays.equals(shape, that.shape) && Arrays.equals(values, that.values);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(shape) + Arrays.hashCode(values);
  }

  @Override
  public String toString() {
    return "FloatTensor" + Arrays.toString(shape);
  }
}
