package org.tarflowlm.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.tarflowlm.config.AtomicFiles;
import org.tarflowlm.config.ConfigException;
import org.tarflowlm.config.RecordJson;

/** The output folder of a run, known by the configuration in it. */
final class RunFolder {
  static final String CONFIG = "run.json";

  private RunFolder() {}

  /** @throws ConfigException if the folder exists and is not empty */
  static void requireNew(Path out) throws IOException {
    if (Files.exists(out) && (!Files.isDirectory(out) || hasEntries(out))) {
      throw new ConfigException("output folder " + out + " exists; expected a new or empty folder, or --resume");
    }
  }

  /** Makes the folder and writes the configuration into it. */
  static void create(Path out, RunConfig config) throws IOException {
    Files.createDirectories(out);
    AtomicFiles.write(out.resolve(CONFIG), RecordJson.write(config));
  }

  /** Whether a run was started here. */
  static boolean holdsRun(Path out) {
    return Files.isRegularFile(out.resolve(CONFIG));
  }

  /** @throws ConfigException if the folder holds no run, or one of another configuration */
  static void requireRun(Path out, RunConfig config) {
    if (!holdsRun(out)) {
      throw new ConfigException("nothing to resume in " + out + ": expected " + CONFIG + " of an earlier run");
    }
    Path file = out.resolve(CONFIG);
    if (!RecordJson.read(file, RunConfig.class).equals(config)) {
      throw new ConfigException("the configuration differs from the one " + out + " was started with; expected " + file);
    }
  }

  private static boolean hasEntries(Path folder) throws IOException {
    try (var entries = Files.list(folder)) {
      return entries.findAny().isPresent();
    }
  }
}
