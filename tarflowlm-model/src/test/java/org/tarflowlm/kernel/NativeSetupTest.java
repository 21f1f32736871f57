package org.tarflowlm.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class NativeSetupTest {
  @Test
  void coreTypeByProcessorFeatures() {
    List<String> avx2 = List.of("fpu", "sse2", "avx", "fma", "avx2");
    List<String> avx512 = List.of("avx", "fma", "avx2", "avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512cd");
    assertEquals(Optional.of("Haswell"), NativeSetup.coreTypeFor(avx2));
    assertEquals(Optional.of("SkylakeX"), NativeSetup.coreTypeFor(avx512));
    assertEquals(Optional.of("Haswell"), NativeSetup.coreTypeFor(List.of("fma", "avx2", "avx512f")));
    assertEquals(Optional.empty(), NativeSetup.coreTypeFor(List.of("sse2", "avx")));
    assertEquals(Optional.empty(), NativeSetup.coreTypeFor(List.of()));
  }
}
