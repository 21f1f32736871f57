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
 * Where and when a measurement ran.
 *
 * @param date date and time in UTC, to the second
 * @param processor the processor's name as Linux reports it; elsewhere its architecture
 * @param cores number of cores that this process may use
 * @param threads number of threads that the kernels use
 * @param java Java version
 * @param system operating system, with version and architecture
 * @param library library that computes matrix products
 * @param coreType processor type whose kernels the library uses; "unknown" if it does not report that
 * @param commit commit of the sources, or "unknown"
 * @param loadAverage load average of the minute before the measurement; negative if the system has none. Near 0 on an idle machine
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

  /** The matrix library and its core type, for people to read. */
  String products() {
    return "matrix products by " + library + ", core type " + coreType;
  }

  /** All circumstances except the operating system, in one line. */
  @Override
  public String toString() {
    return String.format("%s, %s, %d cores, %d threads, Java %s, %s, commit %s, load average %.2f", date, processor, cores, threads, java,
        products(), commit, loadAverage);
  }
}
