package org.tarflowlm.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.factory.Nd4j;

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

  @Test
  void choosesInTimeForAProgramThatTouchesNd4jFirst() throws IOException, InterruptedException {
    boolean chooses = System.getProperty("os.name").equals("Linux") && List.of("amd64", "x86_64").contains(System.getProperty("os.arch"));
    String expected = chooses ? NativeSetup.coreTypeFor(NativeSetup.cpuFlags()).orElse("") : "";
    assertEquals("[" + expected + "]", lastWordOfChild(Child.class, null));
  }

  /** An application does not set OMP_NUM_THREADS, and its own ND4J ops keep their threads. */
  @Test
  void oneDnnTakesOneOpenMpThreadAndGivesTheOthersBack() throws IOException, InterruptedException {
    assertEquals("[1 in a section, the same after it]", lastWordOfChild(OpenMpChild.class, null));
  }

  @Test
  void leavesTheUsersChoiceAlone() throws IOException, InterruptedException {
    assertEquals("[Nehalem]", lastWordOfChild(Child.class, "Nehalem"));
  }

  @Test
  void theLibraryTellsItsCoreType() {
    MatrixLibrary found = MatrixLibrary.running();
    if (!NativeSetup.coreType().isEmpty()) {
      assertEquals(NativeSetup.coreType().toLowerCase(Locale.ROOT), found.coreType().toLowerCase(Locale.ROOT));
    }
    assertTrue(found.name().matches("(oneDNN|OpenBLAS)( \\d+\\.\\d+\\.\\d+)?"), found.name());
  }

  private static String lastWordOfChild(Class<?> program, String coreType) throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m",
        "-cp", System.getProperty("java.class.path"), program.getName());
    Map<String, String> environment = builder.environment();
    environment.remove("OPENBLAS_CORETYPE");
    environment.remove("OMP_NUM_THREADS");
    if (coreType != null) {
      environment.put("OPENBLAS_CORETYPE", coreType);
    }
    Process process = builder.redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).trim();
    assertEquals(0, process.waitFor(), output);
    return output.substring(output.lastIndexOf('\n') + 1);
  }

  /** Makes an array first. Then it prints in brackets the core type for which OpenBLAS was loaded. */
  static final class Child {
    private Child() {}

    public static void main(String[] arguments) {
      Nd4j.ones(2, 2).mmul(Nd4j.ones(2, 2));
      System.out.println("[" + NativeSetup.coreType() + "]");
    }
  }

  /** Counts OpenMP's threads inside and after a parallel section. */
  static final class OpenMpChild {
    private OpenMpChild() {}

    public static void main(String[] arguments) {
      Gemm.load();
      int before = OpenMp.takeOne();
      OpenMp.giveBack(before);
      int[] inside = new int[2];
      Parallel.run(2, task -> inside[task] = OpenMp.takeOne());
      int after = OpenMp.takeOne();
      OpenMp.giveBack(after);
      System.out.println("[" + Math.max(inside[0], inside[1]) + " in a section, "
          + (after == before ? "the same" : after + " instead of " + before) + " after it]");
    }
  }
}
