package org.tarflowlm.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.stream.Stream;
import org.tarflowlm.kernel.MatrixLibrary;
import org.tarflowlm.kernel.Parallel;

/**
 * Where and when something was measured.
 *
 * @param date in UTC
 * @param processor its name, as the system has it
 * @param cores that this process may use
 * @param threads of the kernels
 * @param java version
 * @param system operating system
 * @param library of the matrix products
 * @param coreType of processor for which the library's kernels were written
 * @param commit of the sources, or "unknown"
 * @param loadAverage of the last minute before the measurement; negative where the system has none. An idle machine is near 0.
 */
record Circumstances(String date, String processor, int cores, int threads, String java, String system, String library, String coreType,
    String commit, double loadAverage) {
  private static final Path PROCESSORS = Path.of("/proc/cpuinfo");

  static Circumstances now() {
    MatrixLibrary library = MatrixLibrary.running();
    String system = System.getProperty("os.name") + " " + System.getProperty("os.version") + " " + System.getProperty("os.arch");
    return new Circumstances(Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(), processorName(),
        Runtime.getRuntime().availableProcessors(), Parallel.threads(), System.getProperty("java.version"), system, library.name(),
        library.coreType(), System.getProperty("tarflowlm.commit", "unknown"),
        Math.round(100 * ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage()) / 100.0);
  }

  private static String processorName() {
    try (Stream<String> lines = Files.lines(PROCESSORS)) {
      return lines.filter(line -> line.startsWith("model name")).findFirst().map(line -> line.substring(line.indexOf(':') + 1).strip())
          .orElse(System.getProperty("os.arch"));
    } catch (IOException | UncheckedIOException e) {
      return System.getProperty("os.arch");
    }
  }

  /** The library and its core type, in words. */
  String products() {
    return "matrix products by " + library + ", core type " + coreType;
  }

  /** All of them in one line. */
  @Override
  public String toString() {
    return String.format("%s, %s, %d cores, %d threads, Java %s, %s, commit %s, load average %.2f", date, processor, cores, threads, java,
        products(), commit, loadAverage);
  }
}
