package org.tarflowlm.checkpoint.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;

class SmallFloatsTest {
  @Test
  void everyValueSurvivesTheRoundTrip() {
    for (int bits = 0; bits < 1 << 16; bits++) {
      float half = SmallFloats.fromHalf((short) bits);
      float brain = SmallFloats.fromBfloat16((short) bits);
      short halfAgain = SmallFloats.toHalf(half);
      short brainAgain = SmallFloats.toBfloat16(brain);
      assertTrue(Float.isNaN(half) ? Float.isNaN(SmallFloats.fromHalf(halfAgain)) : halfAgain == (short) bits);
      assertTrue(Float.isNaN(brain) ? Float.isNaN(SmallFloats.fromBfloat16(brainAgain)) : brainAgain == (short) bits);
    }
  }

  @Test
  void knownValues() {
    assertEquals(1.0f, SmallFloats.fromHalf((short) 0x3c00));
    assertEquals(0x1p-24f, SmallFloats.fromHalf((short) 0x0001));
    assertEquals(-65504f, SmallFloats.fromHalf((short) 0xfbff));
    assertEquals(Float.NEGATIVE_INFINITY, SmallFloats.fromHalf((short) 0xfc00));
    assertEquals((short) 0x3555, SmallFloats.toHalf(1 / 3f));
    assertEquals((short) 0x7bff, SmallFloats.toHalf(65519.99f));
    assertEquals((short) 0x7c00, SmallFloats.toHalf(65520f));
    assertEquals((short) 0x8000, SmallFloats.toHalf(-1e-9f));
    assertEquals((short) 0x0400, SmallFloats.toHalf(0x1.fffp-15f), "rounds up into the normal numbers");
    assertEquals((short) 0x3eab, SmallFloats.toBfloat16(1 / 3f));
    assertEquals((short) 0x3f80, SmallFloats.toBfloat16(Float.intBitsToFloat(0x3f808000)), "tie to even, down");
    assertEquals((short) 0x3f82, SmallFloats.toBfloat16(Float.intBitsToFloat(0x3f818000)), "tie to even, up");
    assertEquals((short) 0x7f80, SmallFloats.toBfloat16(Float.MAX_VALUE));
  }

  @Test
  void roundsToTheNearest() {
    Random random = new Random(3);
    for (int i = 0; i < 200_000; i++) {
      float value = (float) (random.nextGaussian() * Math.pow(2, random.nextInt(44) - 28));
      assertNearest(value, SmallFloats.fromHalf(SmallFloats.toHalf(value)), bits -> SmallFloats.fromHalf((short) bits),
          SmallFloats.toHalf(value));
      assertNearest(value, SmallFloats.fromBfloat16(SmallFloats.toBfloat16(value)), bits -> SmallFloats.fromBfloat16((short) bits),
          SmallFloats.toBfloat16(value));
    }
  }

  private static void assertNearest(float value, float rounded, IntFunction<Float> decode, short bits) {
    double error = Math.abs((double) rounded - value);
    for (int neighbour : new int[] {bits - 1, bits + 1}) {
      float other = decode.apply(neighbour);
      assertTrue(Float.isNaN(other) || Float.isInfinite(rounded) || Math.abs((double) other - value) >= error,
          () -> value + " -> " + rounded);
    }
  }
}
