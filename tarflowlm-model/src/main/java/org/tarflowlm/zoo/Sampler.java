package org.tarflowlm.zoo;

import java.util.List;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.data.text.Excerpt;
import org.tarflowlm.data.tokenize.Text8Alphabet;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.inverse.AutoregressiveSampler;
import org.tarflowlm.inverse.FlowGenerator;
import org.tarflowlm.inverse.Generation;
import org.tarflowlm.inverse.GenerationOptions;
import org.tarflowlm.inverse.StackWeights;
import org.tarflowlm.inverse.TokenListener;

/** Generation, whatever the model. */
@FunctionalInterface
interface Sampler {
  List<Generation> generate(int[] prompt, GenerationOptions options, TokenListener listener);

  /** The sampler of a checkpoint, with a copy of its weights. */
  static Sampler of(Checkpoint checkpoint, Tokenizer tokenizer) {
    return checkpoint.config().model() == ModelType.TARFLOW
        ? new FlowGenerator(StackWeights.of(checkpoint.config(), checkpoint::values), tokenizer, () -> typicalText(tokenizer))::generate
        : new AutoregressiveSampler(checkpoint.config(), checkpoint::values, tokenizer)::generate;
  }

  /** The bundled excerpt, where the model knows all of its characters. */
  private static int[] typicalText(Tokenizer tokenizer) {
    return tokenizer instanceof Text8Alphabet ? tokenizer.encode(Excerpt.text()) : new int[0];
  }
}
