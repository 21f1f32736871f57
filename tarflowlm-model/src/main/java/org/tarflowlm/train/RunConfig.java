package org.tarflowlm.train;

import java.nio.file.Path;
import org.tarflowlm.config.ConfigException;
import org.tarflowlm.config.RecordJson;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokenize.Tokenizers;

/**
 * One training run: the file that {@code tarflowlm train --config} reads.
 *
 * @param tokenizer name of the tokenizer; default {@code text8}
 * @param progressive stages of a layer-wise run ({@link ProgressiveTrainer}); an ordinary run does not look at it
 */
public record RunConfig(String tokenizer, TarFlowConfig model, TrainingSpec training, ProgressiveSpec progressive) {
  public RunConfig {
    tokenizer = tokenizer == null ? "text8" : tokenizer;
    if (model == null) {
      throw new ConfigException("model", "is missing; expected an object with the model's configuration");
    }
    if (training == null) {
      throw new ConfigException("training", "is missing; expected an object with at least steps");
    }
    int size = tokenizerNamed(tokenizer).vocabSize();
    if (size != model.vocabSize()) {
      throw new ConfigException("model.vocabSize", "is " + model.vocabSize() + "; expected " + size + ", the tokens of the tokenizer "
          + tokenizer);
    }
    if (progressive != null && progressive.steps() != null && progressive.steps().size() != model.flows().size()) {
      throw new ConfigException("progressive.steps", "has " + progressive.steps().size() + " numbers; expected " + model.flows().size()
          + ", one for each flow");
    }
  }

  /** A run without stages of its own. */
  public RunConfig(String tokenizer, TarFlowConfig model, TrainingSpec training) {
    this(tokenizer, model, training, null);
  }

  /**
   * Reads a configuration, which may name another file as its {@code base} ({@link RecordJson#readWithBase}).
   *
   * @throws ConfigException in one line that names the file, the key, what was found and what was expected
   */
  public static RunConfig read(Path file) {
    return RecordJson.readWithBase(file, RunConfig.class);
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
}
