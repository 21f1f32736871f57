package org.tarflowlm.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
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
    assertEquals("[" + expected + "]", lastWordOfChild(null));
  }

  @Test
  void leavesTheUsersChoiceAlone() throws IOException, InterruptedException {
    assertEquals("[Nehalem]", lastWordOfChild("Nehalem"));
  }

  @Test
  void theLibraryTellsItsCoreType() {
    MatrixLibrary found = MatrixLibrary.running();
    if (!NativeSetup.coreType().isEmpty()) {
      assertEquals(NativeSetup.coreType().toLowerCase(Locale.ROOT), found.coreType().toLowerCase(Locale.ROOT));
    }
    assertTrue(found.name().matches("OpenBLAS( \\d+\\.\\d+\\.\\d+)?|MKL"), found.name());
  }

  @Test
  void findsMklOnAClassPath(@TempDir Path folder) throws IOException {
    try (URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()}, null)) {
      assertFalse(NativeSetup.bringsMkl(loader));
      Path library = folder.resolve("org/bytedeco/mkl/linux-x86_64/libmkl_rt.so.2");
      Files.createDirectories(library.getParent());
      Files.createFile(library);
      assertTrue(NativeSetup.bringsMkl(loader));
    }
  }

  private static String lastWordOfChild(String coreType) throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m",
        "-cp", System.getProperty("java.class.path"), Child.class.getName());
    Map<String, String> environment = builder.environment();
    environment.remove("OPENBLAS_CORETYPE");
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
}
