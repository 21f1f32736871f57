package org.tarflowlm.train;

import org.tarflowlm.config.ConfigException;
import org.tarflowlm.config.TarFlowConfig;
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
      throw new ConfigException("model is missing; expected an object with the model's configuration");
    }
    if (training == null) {
      throw new ConfigException("training is missing; expected an object with at least steps");
    }
    int size = Tokenizers.byName(tokenizer).vocabSize();
    if (size != model.vocabSize()) {
      throw new ConfigException("model.vocabSize is " + model.vocabSize() + "; the tokenizer " + tokenizer + " has " + size + " tokens");
    }
  }
}
