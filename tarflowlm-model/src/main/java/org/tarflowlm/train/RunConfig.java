package org.tarflowlm.train;

import org.tarflowlm.config.ConfigException;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokenize.Tokenizers;

/**
 * One training run: the file that {@code tarflowlm train --config} reads.
 *
 * @param tokenizer name of the tokenizer; default {@code text8}
 */
public record RunConfig(String tokenizer, TarFlowConfig model, TrainingSpec training) {
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
  }

  private static Tokenizer tokenizerNamed(String name) {
    try {
      return Tokenizers.byName(name);
    } catch (DataException e) {
      throw new ConfigException(e.getMessage(), e);
    }
  }
}
