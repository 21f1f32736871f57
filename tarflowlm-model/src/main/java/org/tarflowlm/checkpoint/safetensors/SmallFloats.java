package org.tarflowlm.checkpoint.safetensors;

/** IEEE binary16 and bfloat16 as bits in a short; rounding is to nearest, ties to even. */
final class SmallFloats {
  private static final float SMALLEST_NORMAL_HALF = 0x1p-14f;

  private SmallFloats() {}

  public static float fromBfloat16(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** Rounds to bfloat16; values beyond its largest finite number become infinite, NaN stays NaN. */
  public static short toBfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) (bits >>> 16 | 0x40);
    }
    return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
  }

  public static float fromHalf(short bits) {
    int sign = (bits & 0x8000) << 16;
    int exponent = bits >>> 10 & 0x1f;
    int fraction = bits & 0x3ff;
    if (exponent == 0) {
      float magnitude = fraction * 0x1p-24f;
      return sign == 0 ? magnitude : -magnitude;
    } else if (exponent == 0x1f) {
      return Float.intBitsToFloat(sign | 0x7f800000 | fraction << 13);
    }
    return Float.intBitsToFloat(sign | exponent + 112 << 23 | fraction << 13);
  }

  /** Rounds to binary16; values that round beyond 65504, its largest finite number, become infinite, NaN stays NaN. */
  public static short toHalf(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = bits >>> 16 & 0x8000;
    float magnitude = Math.abs(value);
    if (Float.isNaN(value)) {
      return (short) (sign | 0x7e00 | bits >>> 13 & 0x3ff);
    } else if (magnitude < SMALLEST_NORMAL_HALF) {
      // Subnormal: a multiple of 2^-24. rint rounds ties to even; 1024 carries into the exponent as it should.
      return (short) (sign | (int) Math.rint(magnitude * 0x1p24));
    } else if (magnitude >= 65520f) {
      return (short) (sign | 0x7c00);
    }
    int positive = bits & 0x7fffffff;
    int rounded = positive + 0xfff + (positive >>> 13 & 1);
    return (short) (sign | (rounded >>> 13) - (112 << 10));
  }
}
