package org.tarflowlm.generate;

import java.util.Random;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.SplitMix64;

/** Checks and noise that all generators share. */
final class Prompts {
  private Prompts() {}

  /** The source of noise for sequence {@code index}; it does not depend on the size of the batch. */
  static Random random(long seed, int index) {
    // java.util.Random, because its specification fixes the sequence, Gaussian numbers included
    return new Random(SplitMix64.mix(seed + SplitMix64.STEP * (index + 1)));
  }

  /** @throws IllegalArgumentException if an id is outside the vocabulary */
  static void requireTokens(int[] prompt, int vocabSize) {
    for (int i = 0; i < prompt.length; i++) {
      if (prompt[i] < 0 || prompt[i] >= vocabSize) {
        throw new IllegalArgumentException("prompt[" + i + "] is token " + prompt[i] + "; expected 0 to " + (vocabSize - 1));
      }
    }
  }

  /** @throws IllegalArgumentException if a listener is given for more than one sequence */
  static void requireListenable(GenerationOptions options, TokenListener listener) {
    if (listener != null && options.batchSize() != 1) {
      throw new IllegalArgumentException("batchSize is " + options.batchSize() + "; expected 1 for a generation with a listener");
    }
  }

  /** @throws IllegalArgumentException if the end-of-text token is outside the vocabulary */
  static void requireEos(GenerationOptions options, int vocabSize) {
    if (options.eosTokenId() >= vocabSize) {
      throw new IllegalArgumentException("eosTokenId is " + options.eosTokenId() + "; expected 0 to " + (vocabSize - 1));
    }
  }

  /** @throws IllegalArgumentException if a flow model cannot honour an option */
  static void requireHonouredByFlows(GenerationOptions options, TarFlowConfig config) {
    if (!options.doSample()) {
      throw new IllegalArgumentException("doSample is false, but the model is " + config.model() + ": its flows draw points of a space, of "
          + "which none is most probable; topK 1 takes the most probable component of MIX_D and AFFINE_D");
    }
    if (options.repetitionPenalty() != 1.0) {
      throw new IllegalArgumentException("repetitionPenalty is " + options.repetitionPenalty() + ", but the model is " + config.model()
          + ": its flows draw points before any is a token; expected 1");
    }
    requireEos(options, config.vocabSize());
    options.sampling().requireHonoured(config);
  }
}
