package org.tarflowlm.kernel;

import com.sun.jna.Function;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.bytedeco.javacpp.Loader;

/**
 * Chooses the kernels of ND4J's OpenBLAS before that library is loaded.
 *
 * <p>OpenBLAS 0.3.19 does not know recent AMD processors and falls back to kernels from 2007, at a quarter of the speed or less.
 * The environment variable OPENBLAS_CORETYPE overrides its choice, but only while the library loads, so this class sets it inside the
 * process before that. A value set by the user is kept. Nothing here throws: at worst, products are slow.
 */
public final class NativeSetup {
  private static final Logger LOG = LogManager.getLogger(NativeSetup.class);
  private static final String VARIABLE = "OPENBLAS_CORETYPE";
  private static final List<String> AVX512 = List.of("avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512cd");
  private static final List<String> AVX2 = List.of("avx2", "fma");
  private static final String CORE_TYPE = choose();

  private NativeSetup() {}

  /** Makes the choice once per process, unless ND4J's start has already triggered it. */
  public static void ensure() {
    // the static initialiser does it
  }

  /** The core type that OpenBLAS was set to use, or "" if the choice was its own. {@link OneDnn} has kernels for the same instructions. */
  public static String coreType() {
    return CORE_TYPE;
  }

  /** Whether products use AVX2 and no AVX-512. */
  static boolean isForAvx2() {
    return List.of("haswell", "zen").contains(CORE_TYPE.toLowerCase(Locale.ROOT));
  }

  /**
   * The core type for a processor with these feature flags (as in /proc/cpuinfo); empty if OpenBLAS's own choice is good enough.
   */
  static Optional<String> coreTypeFor(List<String> cpuFlags) {
    if (cpuFlags.containsAll(AVX512)) {
      return Optional.of("SkylakeX");
    }
    return cpuFlags.containsAll(AVX2) ? Optional.of("Haswell") : Optional.empty();
  }

  /** JavaCPP unpacks native libraries below the home folder, which Java reports as "?" if the system has no entry for the user. */
  private static void findHome() {
    String home = System.getenv("HOME");
    if (List.of("", "?").contains(System.getProperty("user.home", "").strip()) && home != null && !home.isBlank()) {
      System.getProperties().putIfAbsent("org.bytedeco.javacpp.cachedir", Path.of(home, ".javacpp", "cache").toString());
    }
  }

  private static String choose() {
    findHome();
    String given = System.getenv(VARIABLE);
    if (given != null && !given.isBlank()) {
      LOG.info("backend {}, OpenBLAS core type {} (from the environment)", backend(), given);
      return given.trim();
    }
    if (!System.getProperty("os.name").equals("Linux") || !List.of("amd64", "x86_64").contains(System.getProperty("os.arch"))) {
      LOG.info("backend {}, OpenBLAS core type left to OpenBLAS on {} {}", backend(), System.getProperty("os.name"),
          System.getProperty("os.arch"));
      return "";
    }
    Optional<String> chosen = coreTypeFor(cpuFlags());
    if (chosen.isEmpty()) {
      LOG.info("backend {}, OpenBLAS core type left to OpenBLAS: the processor has no AVX2", backend());
      return "";
    }
    if (!MatrixLibrary.loaded("libopenblas").isEmpty()) {
      LOG.warn("OpenBLAS was loaded before {} could be set to {}; matrix products may be slow. Set the variable in the environment",
          VARIABLE, chosen.get());
      return "";
    }
    return set(chosen.get()) ? chosen.get() : "";
  }

  /** The ND4J backends on the class path, recognised by their class files, without loading any. */
  private static String backend() {
    Map<String, String> known = Map.of("org/nd4j/linalg/cpu/nativecpu/CpuBackend.class", "nd4j-native",
        "org/nd4j/linalg/jcublas/JCublasBackend.class", "nd4j-cuda");
    ClassLoader loader = NativeSetup.class.getClassLoader();
    String found = known.keySet().stream().filter(each -> loader.getResource(each) != null).map(known::get).sorted()
        .collect(Collectors.joining(" and "));
    return found.isEmpty() ? "none" : found;
  }

  private static boolean set(String coreType) {
    try {
      // the address from JavaCPP: JNA would run a program to learn where libraries lie
      Function.getFunction(new Pointer(Loader.addressof("setenv").address())).invokeInt(new Object[] {VARIABLE, coreType, 0});
      LOG.info("backend {}, OpenBLAS core type {} (chosen by the processor's features; {} overrides it)", backend(), coreType, VARIABLE);
      return true;
    } catch (LinkageError | RuntimeException e) {
      LOG.warn("{} could not be set to {} inside the process ({}); matrix products may be slow. Set the variable in the environment",
          VARIABLE, coreType, e.toString());
      return false;
    }
  }

  static List<String> cpuFlags() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines.filter(line -> line.startsWith("flags")).findFirst()
          .map(line -> Arrays.asList(line.substring(line.indexOf(':') + 1).trim().split("\\s+")))
          .orElse(List.of());
    } catch (IOException | UncheckedIOException e) {
      return List.of();
    }
  }
}
