package org.tarflowlm.kernel;

import com.sun.jna.NativeLibrary;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * The library that computes this process's matrix products. OpenBLAS is asked itself: it may run another core type than it was told. Where
 * oneDNN multiplies, OpenBLAS still takes few rows, and oneDNN has kernels for the same instructions.
 *
 * @param name with the version, where the library tells it
 * @param coreType the processor for which its kernels were written; "unknown" where it does not tell
 */
public record MatrixLibrary(String name, String coreType) {
  private static final String UNKNOWN = "unknown";
  private static final String FILE = "libopenblas";
  /** The file that {@link Gemm} calls; ND4J's own ops may have loaded another one besides. */
  private static final String OURS = "libopenblas_nolapack";

  /** The name, without a version, of the library that computes products of many rows. Does not load OpenBLAS. */
  public static String products() {
    return OneDnn.LOADED ? "oneDNN" : "OpenBLAS";
  }

  /** Loads the library if nothing has done so. */
  public static MatrixLibrary running() {
    Gemm.load();
    String chosen = NativeSetup.coreType().isEmpty() ? UNKNOWN : NativeSetup.coreType();
    MatrixLibrary openBlas = loaded(FILE).stream().max(Comparator.comparing(path -> path.contains("/" + OURS))).map(MatrixLibrary::ask)
        .orElse(new MatrixLibrary("OpenBLAS", chosen));
    return OneDnn.LOADED ? new MatrixLibrary(OneDnn.name(), openBlas.coreType) : openBlas;
  }

  private static MatrixLibrary ask(String file) {
    NativeLibrary library = NativeLibrary.getInstance(file);
    try {
      library.getFunction("openblas_get_config");
    } catch (UnsatisfiedLinkError e) {
      return new MatrixLibrary(file, UNKNOWN); // another library in its place, which JavaCPP's property org.bytedeco.openblas.load allows
    }
    String[] build = library.getFunction("openblas_get_config").invokeString(new Object[0], false).split(" ");
    return new MatrixLibrary(build[0] + " " + build[1], library.getFunction("openblas_get_corename").invokeString(new Object[0], false));
  }

  /** The files of loaded libraries whose names begin so, if the system tells. */
  static List<String> loaded(String name) {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
      return lines.filter(line -> line.contains("/" + name)).map(line -> line.substring(line.indexOf('/'))).distinct().toList();
    } catch (IOException | UncheckedIOException e) {
      return List.of();
    }
  }
}
