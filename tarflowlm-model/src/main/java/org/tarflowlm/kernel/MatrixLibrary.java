package org.tarflowlm.kernel;

import com.sun.jna.NativeLibrary;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The library that computes this process's matrix products. OpenBLAS is asked itself: it may run another core type than it was told.
 *
 * @param name with the version, where the library tells it
 * @param coreType the processor for which its kernels were written; "unknown" where it does not tell
 */
public record MatrixLibrary(String name, String coreType) {
  private static final String UNKNOWN = "unknown";
  private static final String FILE = "libopenblas";
  /** The file that {@link Gemm} calls; ND4J's own ops may have loaded another one besides. */
  private static final String OURS = "libopenblas_nolapack";

  /** Loads the library if nothing has done so. */
  public static MatrixLibrary running() {
    if (NativeSetup.coreType().equals(NativeSetup.MKL)) {
      return new MatrixLibrary(NativeSetup.MKL, UNKNOWN);
    }
    Gemm.load();
    String chosen = NativeSetup.coreType().isEmpty() ? UNKNOWN : NativeSetup.coreType();
    return file().map(MatrixLibrary::ask).orElse(new MatrixLibrary("OpenBLAS", chosen));
  }

  private static MatrixLibrary ask(String file) {
    NativeLibrary library = NativeLibrary.getInstance(file);
    String[] build = library.getFunction("openblas_get_config").invokeString(new Object[0], false).split(" ");
    return new MatrixLibrary(build[0] + " " + build[1], library.getFunction("openblas_get_corename").invokeString(new Object[0], false));
  }

  /** Where the library is, if the system tells. */
  private static Optional<String> file() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
      return lines.filter(line -> line.contains("/" + FILE)).map(line -> line.substring(line.indexOf('/')))
          .max(Comparator.comparing(path -> path.contains("/" + OURS)));
    } catch (IOException | UncheckedIOException e) {
      return Optional.empty();
    }
  }
}
