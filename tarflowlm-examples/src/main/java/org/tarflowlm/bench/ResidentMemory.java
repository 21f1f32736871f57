package org.tarflowlm.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The process's resident set in MiB, as Linux reports it; 0 on other systems. */
final class ResidentMemory {
  private static final Path STATUS = Path.of("/proc/self/status");

  private ResidentMemory() {}

  /** Largest value so far. */
  static double peakMb() throws IOException {
    return read("VmHWM:");
  }

  /** Current value. */
  static double nowMb() throws IOException {
    return read("VmRSS:");
  }

  private static double read(String field) throws IOException {
    if (!Files.isReadable(STATUS)) {
      return 0;
    }
    return Files.readAllLines(STATUS).stream().filter(line -> line.startsWith(field))
        .mapToDouble(line -> Double.parseDouble(line.replaceAll("[^0-9]", "")) / 1024).findFirst().orElse(0);
  }
}
