package org.tarflowlm;

import java.util.List;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.flow.StackWeights;
import org.tarflowlm.generate.AutoregressiveSampler;
import org.tarflowlm.generate.FlowGenerator;
import org.tarflowlm.generate.FlowReader;
import org.tarflowlm.generate.Generation;
import org.tarflowlm.generate.GenerationOptions;
import org.tarflowlm.generate.TokenListener;

/** Generation, whatever the model. */
interface Sampler {
  List<Generation> generate(int[] prompt, GenerationOptions options, TokenListener listener);

  /** Continues different prompts side by side; of each what {@link #generate} gives by itself. */
  default List<List<Generation>> generateAll(List<int[]> prompts, GenerationOptions options) {
    return prompts.parallelStream().map(prompt -> generate(prompt, options, null)).toList();
  }

  /** Fills the gap between two texts; see {@link FlowGenerator#infill}. */
  default List<Generation> infill(int[] left, int gap, int[] right, GenerationOptions options) {
    throw noFlows();
  }

  /** A text at every level of the stack; see {@link FlowReader#read}. */
  default Generation read(int[] tokens, long seed) {
    throw noFlows();
  }

  private static IllegalStateException noFlows() {
    return new IllegalStateException("the model is " + ModelType.AUTOREGRESSIVE + ", which has no flows; expected " + ModelType.TARFLOW);
  }

  /**
   * The sampler of a checkpoint.
   *
   * @param weights of its flows; null if it is discrete
   */
  static Sampler of(Checkpoint checkpoint, StackWeights weights, Tokenizer tokenizer) {
    if (weights == null) {
      return new AutoregressiveSampler(checkpoint.config(), checkpoint::values, tokenizer)::generate;
    }
    FlowGenerator generator = new FlowGenerator(weights, tokenizer, checkpoint::ngrams).through(new GraphInverse(checkpoint));
    return new Flows(generator, new FlowReader(weights, tokenizer));
  }

  /** Sampler of a flow model. */
  record Flows(FlowGenerator generator, FlowReader reader) implements Sampler {
    @Override
    public List<Generation> generate(int[] prompt, GenerationOptions options, TokenListener listener) {
      return generator.generate(prompt, options, listener);
    }

    @Override
    public List<Generation> infill(int[] left, int gap, int[] right, GenerationOptions options) {
      return generator.infill(left, gap, right, options);
    }

    @Override
    public Generation read(int[] tokens, long seed) {
      return reader.read(tokens, seed);
    }
  }
}
