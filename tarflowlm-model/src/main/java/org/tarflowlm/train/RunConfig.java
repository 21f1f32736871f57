package org.tarflowlm.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.json.ConfigException;
import org.tarflowlm.json.RecordJson;

/**
 * One training run: the file that {@code tarflowlm train --config} reads.
 *
 * @param tokenizer name of the tokenizer; default {@code text8}
 * @param progressive stages of a layer-wise run ({@link ProgressiveTrainer}); ordinary runs ignore it
 */
public record RunConfig(String tokenizer, TarFlowConfig model, TrainingSpec training, ProgressiveSpec progressive) {
  private static final String BASE = "base";
  private static final String RUNS = "runs";
  private static final int MOST_BASES = 8;

  public RunConfig {
    tokenizer = tokenizer == null ? "text8" : tokenizer;
    ConfigException.require(model != null, "model", "is missing; expected an object with the model's configuration");
    ConfigException.require(training != null, "training", "is missing; expected an object with at least steps");
    int size = tokenizerNamed(tokenizer).vocabSize();
    ConfigException.require(size == model.vocabSize(), "model.vocabSize", "is " + model.vocabSize() + "; expected " + size
        + ", the tokens of the tokenizer " + tokenizer);
    if (progressive != null && progressive.steps() != null && progressive.steps().size() != model.flows().size()) {
      throw new ConfigException("progressive.steps", "has " + progressive.steps().size() + " numbers; expected " + model.flows().size()
          + ", one for each flow");
    }
  }

  /** A run without settings for stages. */
  public RunConfig(String tokenizer, TarFlowConfig model, TrainingSpec training) {
    this(tokenizer, model, training, null);
  }

  /**
   * Reads a configuration, which may name another file as its {@code base} ({@link #readWithBase}).
   *
   * @throws ConfigException with one line that names the file, the key, what was found and what was expected
   */
  public static RunConfig read(Path file) {
    return readWithBase(file, RunConfig.class);
  }

  /** A copy with another training specification. */
  public RunConfig withTraining(TrainingSpec other) {
    return new RunConfig(tokenizer, model, other, progressive);
  }

  private static Tokenizer tokenizerNamed(String name) {
    try {
      return Tokenizers.byName(name);
    } catch (DataException e) {
      throw new ConfigException(e.getMessage(), e);
    }
  }

  /**
   * Like {@link RecordJson#read(Path, Class)}, for a file that may inherit: its key {@code base} names another file, relative to its own
   * folder. Objects merge key by key; any other value replaces the base's value. Use it only for the user's own files, since a foreign file
   * could name any path.
   *
   * <p>A file may hold several configurations by name, in an object {@code runs}. If there is no file {@code NAME.json}, {@code NAME} is
   * looked up in the other files of that folder.
   */
  static <R extends Record> R readWithBase(Path file, Class<R> type) {
    try {
      return RecordJson.read(merged(file, MOST_BASES).toString(), type);
    } catch (ConfigException e) {
      throw new ConfigException(file + ": " + e.getMessage(), e);
    }
  }

  private static JsonNode merged(Path file, int basesLeft) {
    JsonNode tree = Files.exists(file) ? RecordJson.parse(RecordJson.readText(file)) : named(file);
    if (!(tree instanceof ObjectNode changes) || !changes.has(BASE)) {
      return tree;
    }
    JsonNode base = changes.remove(BASE);
    ConfigException.require(base.isTextual() && basesLeft != 0, BASE, basesLeft == 0 ? "inherits from more than " + MOST_BASES
        + " files; expected a shorter chain" : "is " + RecordJson.describe(base) + "; expected the name of a file");
    Path named = file.resolveSibling(base.textValue());
    try {
      return merge(merged(named, basesLeft - 1), changes);
    } catch (ConfigException e) {
      throw new ConfigException(BASE + " " + named + ": " + e.getMessage(), e);
    }
  }

  private static JsonNode named(Path file) {
    String name = file.getFileName().toString().replaceFirst("\\.json$", "");
    List<JsonNode> found = new ArrayList<>();
    try (DirectoryStream<Path> beside = Files.newDirectoryStream(file.toAbsolutePath().getParent(), "*.json")) {
      for (Path each : beside) {
        found.add(RecordJson.parse(RecordJson.readText(each)).path(RUNS).path(name));
      }
    } catch (IOException e) {
      throw new ConfigException("no such file", e);
    }
    found.removeIf(JsonNode::isMissingNode);
    if (found.size() != 1) {
      throw new ConfigException(found.isEmpty() ? "no such file" : "no such file, and " + found.size() + " files beside it hold a run "
          + name);
    }
    return found.get(0);
  }

  private static JsonNode merge(JsonNode base, JsonNode changes) {
    if (!(base instanceof ObjectNode result) || !changes.isObject()) {
      return changes;
    }
    changes.properties().forEach(each -> result.set(each.getKey(),
        result.has(each.getKey()) ? merge(result.get(each.getKey()), each.getValue()) : each.getValue()));
    return result;
  }
}
