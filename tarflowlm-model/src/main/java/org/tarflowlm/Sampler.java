package org.tarflowlm;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.flow.Sampling;
import org.tarflowlm.flow.StackInverse;
import org.tarflowlm.flow.StackWeights;
import org.tarflowlm.generate.AutoregressiveSampler;
import org.tarflowlm.generate.FlowGenerator;
import org.tarflowlm.generate.Generation;
import org.tarflowlm.generate.GenerationOptions;
import org.tarflowlm.generate.TokenListener;
import org.tarflowlm.nn.InverseSession;

/** Generates from any checkpoint, discrete or with flows. */
final class Sampler {
  private final AutoregressiveSampler discrete;
  private final FlowGenerator flows;

  /** @param weights the flows' weights; null for a discrete model */
  Sampler(Checkpoint checkpoint, StackWeights weights, Tokenizer tokenizer) {
    discrete = weights == null ? new AutoregressiveSampler(checkpoint.config(), checkpoint::values, tokenizer) : null;
    flows = weights == null ? null
        : new FlowGenerator(weights, tokenizer, checkpoint::ngrams).through(new GraphInverse(checkpoint));
  }

  List<Generation> generate(int[] prompt, GenerationOptions options, TokenListener listener) {
    return flows == null ? discrete.generate(prompt, options, listener) : flows.generate(prompt, options, listener);
  }

  /** Continues several prompts in parallel; each result is what {@link #generate} gives for that prompt alone. */
  List<List<Generation>> generateAll(List<int[]> prompts, GenerationOptions options) {
    return prompts.parallelStream().map(prompt -> generate(prompt, options, null)).toList();
  }

  /** @throws IllegalStateException if the model is discrete */
  FlowGenerator flows() {
    if (flows == null) {
      throw new IllegalStateException("the model is " + ModelType.AUTOREGRESSIVE + ", which has no flows; expected " + ModelType.TARFLOW);
    }
    return flows;
  }

  /** A checkpoint's inverse graph for many threads: one session per concurrent caller, over one shared set of parameters. */
  private static final class GraphInverse implements StackInverse {
    private final Checkpoint checkpoint;
    private final Queue<InverseSession> fromNothing = new ConcurrentLinkedQueue<>();
    private final Queue<InverseSession> withPrompt = new ConcurrentLinkedQueue<>();
    private Map<String, INDArray> parameters;

    GraphInverse(Checkpoint checkpoint) {
      this.checkpoint = checkpoint;
    }

    @Override
    public Window inverse(Sampling sampling, double[][] u, double[][] prompt) {
      Queue<InverseSession> idle = prompt[0].length == 0 ? fromNothing : withPrompt;
      InverseSession session = idle.poll();
      if (session == null) {
        TarFlowConfig config = checkpoint.config();
        session = new InverseSession(config, parameters(), idle == withPrompt).fixParameters();
      }
      Window window = session.inverse(sampling, u, prompt);
      idle.add(session);
      return window;
    }

    @Override
    public boolean isAvailable() {
      return InverseSession.isPossible();
    }

    private synchronized Map<String, INDArray> parameters() {
      if (parameters == null) {
        parameters = new LinkedHashMap<>();
        checkpoint.tensors().forEach((name, tensor) -> parameters.put(name, Nd4j.create(tensor.values(), tensor.shape(), 'c')));
      }
      return parameters;
    }
  }
}
