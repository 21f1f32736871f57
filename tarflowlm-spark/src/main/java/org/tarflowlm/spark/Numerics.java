package org.tarflowlm.spark;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.tarflowlm.kernel.MatrixLibrary;
import org.tarflowlm.kernel.NativeSetup;
import org.tarflowlm.kernel.Parallel;

/**
 * Settings that decide the last bits of a result, besides model and text: the threads per kernel, the library for matrix products, and the
 * kernels that OpenBLAS chose for the processor. Executors must use the driver's.
 *
 * @param threads per kernel
 * @param products library of most matrix products, which an executor gets from its class path
 * @param coreType of OpenBLAS; empty if OpenBLAS chose by itself
 */
record Numerics(int threads, String products, String coreType) implements Serializable {
  private static final Logger LOG = LogManager.getLogger(Numerics.class);
  private static final String THREADS = "TARFLOWLM_THREADS";
  private static final String CORE_TYPE = "OPENBLAS_CORETYPE";
  private static final String EXECUTOR_ENVIRONMENT = "spark.executorEnv.";

  /** Settings that this process was checked against. */
  private static volatile Numerics checked;

  static Numerics ofThisProcess() {
    return new Numerics(Parallel.threads(), MatrixLibrary.products(), NativeSetup.coreType());
  }

  /** Gives executors the driver's settings, unless the user has set others. */
  void pin(SparkConf conf) {
    Map.of(THREADS, Integer.toString(threads), CORE_TYPE, coreType, "OMP_NUM_THREADS", "1", "MALLOC_ARENA_MAX", "1")
        .forEach((name, value) -> {
          if (!value.isEmpty()) {
            conf.setIfMissing(EXECUTOR_ENVIRONMENT + name, value);
          }
        });
  }

  /** Like {@link #requireHere}, but checks only on the first call in this process. */
  void requireHereOnce(boolean mixed) {
    if (!equals(checked)) {
      requireHere(mixed);
      checked = this;
    }
  }

  /**
   * Compares this process with the driver, before it loads OpenBLAS.
   *
   * @param mixed whether a difference is allowed
   * @throws IllegalStateException in one line that names both, and the setting to change
   */
  void requireHere(boolean mixed) {
    String asked = System.getenv(CORE_TYPE);
    if (asked != null && asked.equalsIgnoreCase("SkylakeX") && !cpuFlags().isEmpty() && !cpuFlags().contains("avx512vl")) {
      throw new IllegalStateException(here() + " has " + CORE_TYPE + "=SkylakeX and a processor without AVX-512; expected "
          + EXECUTOR_ENVIRONMENT + CORE_TYPE + "=Haswell, and " + CORE_TYPE + "=Haswell on the driver");
    }
    Numerics own = ofThisProcess();
    if (own.equals(this)) {
      return;
    }
    String difference = here() + " computes with " + own + ", the driver with " + this;
    if (!mixed) {
      throw new IllegalStateException(difference + ": results would differ in their last bits; expected the same, by "
          + EXECUTOR_ENVIRONMENT + THREADS + "=" + threads + " and "
          + (products.equals(own.products) ? EXECUTOR_ENVIRONMENT + CORE_TYPE + "=" + coreType
          : "products by " + products + " everywhere (oneDNN is used where org.bytedeco:dnnl is on the class path)")
          + ", or mixed machines allowed");
    }
    LOG.warn("{}: results may differ in their last bits", difference);
  }

  /** Describes this process. */
  static String here() {
    SparkEnv env = SparkEnv.get();
    return env == null ? "this process" : "executor " + env.executorId() + " on " + env.blockManager().blockManagerId().host();
  }

  /** A failure's message, preceded by the executor that raised it; the driver's message stays as it is. */
  static String toldBy(String message) {
    SparkEnv env = SparkEnv.get();
    return env == null || env.executorId().equals("driver") ? message : here() + ": " + message;
  }

  private static List<String> cpuFlags() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines.filter(line -> line.startsWith("flags")).findFirst().map(line -> Arrays.asList(line.split("\\s+"))).orElse(List.of());
    } catch (IOException | UncheckedIOException e) {
      return List.of();
    }
  }

  @Override
  public String toString() {
    return (threads == 1 ? "1 thread" : threads + " threads") + " a kernel, products by " + products + " and OpenBLAS's kernels for "
        + (coreType.isEmpty() ? "a processor of its own choice" : coreType);
  }
}
