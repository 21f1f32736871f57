package org.tarflowlm.checkpoint.safetensors;

import java.nio.ByteBuffer;

/** Element types of the format that the reader knows; F32, F16 and BF16 can also be written. All are little-endian. */
public enum DType {
  F64(8),
  F32(4),
  F16(2),
  BF16(2),
  I64(8),
  I32(4),
  I16(2),
  I8(1),
  U8(1),
  BOOL(1);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }

  /** Whether elements are floating-point numbers. */
  public boolean isFloating() {
    return this == F64 || this == F32 || this == F16 || this == BF16;
  }

  /** Reads the next element from a little-endian buffer as a double: exact, except for I64 beyond 2^53. */
  double get(ByteBuffer from) {
    return switch (this) {
      case F64 -> from.getDouble();
      case F32 -> from.getFloat();
      case F16 -> SmallFloats.fromHalf(from.getShort());
      case BF16 -> SmallFloats.fromBfloat16(from.getShort());
      case I64 -> from.getLong();
      case I32 -> from.getInt();
      case I16 -> from.getShort();
      case I8 -> from.get();
      case U8 -> from.get() & 0xff;
      case BOOL -> from.get() == 0 ? 0 : 1;
    };
  }
}
