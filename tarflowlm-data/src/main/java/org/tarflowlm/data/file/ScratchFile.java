package org.tarflowlm.data.file;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.logging.log4j.LogManager;

/** Temporary files whose names identify their owner, so that those of processes that were killed can be removed. */
public final class ScratchFile {
  private static final String PREFIX = "tarflowlm-";
  private static final Pattern NAME = Pattern.compile("tarflowlm-(\\d{1,9})-.*\\.text");

  private ScratchFile() {}

  /** A new file in the system's temporary folder, which is deleted when the JVM ends; those of dead processes go now. */
  public static Path create() throws IOException {
    Path folder = Path.of(System.getProperty("java.io.tmpdir"));
    removeAbandoned(folder);
    Path file = Files.createTempFile(folder, PREFIX + ProcessHandle.current().pid() + "-", ".text");
    file.toFile().deleteOnExit();
    return file;
  }

  private static void removeAbandoned(Path folder) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, PREFIX + "*.text")) {
      for (Path file : files) {
        Matcher name = NAME.matcher(file.getFileName().toString());
        if (name.matches() && ProcessHandle.of(Long.parseLong(name.group(1))).isEmpty() && !file.toFile().delete()) {
          LogManager.getLogger(ScratchFile.class).debug("cannot remove {}", file);
        }
      }
    }
  }
}
