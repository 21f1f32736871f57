package org.tarflowlm.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.tarflowlm.checkpoint.CheckpointInfo;
import org.tarflowlm.checkpoint.CheckpointNetworks;
import org.tarflowlm.checkpoint.Measurement;
import org.tarflowlm.checkpoint.safetensors.DType;
import org.tarflowlm.data.file.AtomicFile;
import org.tarflowlm.data.file.FileLocks;
import org.tarflowlm.data.file.IoErrors;
import org.tarflowlm.eval.LikelihoodEstimate;
import org.tarflowlm.json.ConfigException;
import org.tarflowlm.json.RecordJson;

/** The output folder of a run, recognised by the configuration in it. */
final class RunFolder {
  static final String CONFIG = "run.json";
  private static final String LOCK = "run.lock";
  private static final String SOURCES = "sources.json";
  private static final Logger LOG = LogManager.getLogger(RunFolder.class);

  private RunFolder() {}

  /** @throws ConfigException if the folder exists and is not empty */
  static void requireNew(Path out) {
    if (Files.exists(out) && !Arrays.equals(out.toFile().list(), new String[0])) { // null for a file
      throw new ConfigException("output folder " + out + " exists; expected a new or empty folder, or --resume");
    }
  }

  /** Creates the folder and writes the run's configuration and sources to it. */
  static void create(Path out, RunConfig config, RunSources sources) throws IOException {
    Files.createDirectories(out);
    AtomicFile.write(out.resolve(SOURCES), RecordJson.write(sources));
    AtomicFile.write(out.resolve(CONFIG), RecordJson.write(config));
  }

  /**
   * Runs an action while holding the run's lock.
   *
   * @throws ConfigException if another process, or another trainer of this process, holds it
   */
  static <T> T holding(Path out, IoErrors.Action<T> action) throws IOException {
    return FileLocks.tryHolding(out.resolve(LOCK), action).orElseThrow(() -> new ConfigException("another process is writing the run in "
        + out + "; expected a folder of its own for each run"));
  }

  /** Whether a run was started here. */
  static boolean holdsRun(Path out) {
    return Files.isRegularFile(out.resolve(CONFIG));
  }

  /**
   * Checks that a run may resume.
   *
   * @throws ConfigException if the folder holds no run, or {@code changes} does not allow that its configuration, text or program differs
   */
  static void requireRun(Path out, RunConfig config, RunSources sources, Changes changes) throws IOException {
    if (!holdsRun(out)) {
      throw new ConfigException("nothing to resume in " + out + "; expected " + CONFIG + " of an earlier run");
    }
    List<String> differences = new ArrayList<>();
    Path file = out.resolve(CONFIG);
    if (!sameConfiguration(file, config, changes)) {
      differences.add("the configuration differs from " + file);
    }
    if (Files.exists(out.resolve(SOURCES))) {
      differences.addAll(sources.differences(RecordJson.read(out.resolve(SOURCES), RunSources.class)));
    } else {
      LOG.warn("{} has no record of its sources; cannot check whether text and program are the same", out);
    }
    if (differences.isEmpty()) {
      return;
    }
    if (changes == Changes.REFUSE) {
      throw new ConfigException(out + " was started differently: " + String.join("; ", differences)
          + "; expected the same as at the start (--allow-changes continues anyway)");
    }
    LOG.warn("{} resumes with changes: {}", out, String.join("; ", differences));
    create(out, config, sources);
  }

  /**
   * Saves the parameters with the best validation so far as a checkpoint that records how they were trained.
   *
   * @param averaged whether the network currently holds the weights' moving average
   */
  static void saveBest(Path folder, RunConfig config, ComputationGraph network, int step, long tokens, LikelihoodEstimate valid,
      boolean averaged) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("step", Integer.toString(step));
    facts.put("tokens", Long.toString(tokens));
    if (averaged) {
      facts.put("weights", "exponential moving average, decay " + config.training().emaDecay());
    }
    facts.put("settings", RecordJson.write(config.training()).replaceAll("\\s+", " ").trim());
    CheckpointInfo info = CheckpointInfo.of(config.tokenizer())
        .withTraining(facts)
        .withMeasurements(List.of(new Measurement("validation windows of the run", valid.bound().name(), valid.bitsPerToken(),
            Double.isFinite(valid.standardErrorBits()) ? valid.standardErrorBits() : null, valid.tokens())));
    CheckpointNetworks.checkpoint(network, info, null).save(folder, DType.F32, true);
  }

  private static boolean sameConfiguration(Path file, RunConfig config, Changes changes) {
    try {
      return RecordJson.read(file, RunConfig.class).equals(config);
    } catch (ConfigException e) {
      if (changes == Changes.REFUSE) {
        throw e;
      }
      return false;
    }
  }
}
