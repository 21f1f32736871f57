package org.tarflowlm.spark;

import org.tarflowlm.TarFlowLM;
import org.tarflowlm.TokenScorer;
import org.tarflowlm.checkpoint.Checkpoint;

/** One copy of a model, which one row at a time uses; what a row does not need is not built. */
final class PooledModel implements AutoCloseable {
  private final TarFlowLM texts;
  private TokenScorer tokens;

  PooledModel(Checkpoint checkpoint) {
    texts = TarFlowLM.of(checkpoint);
  }

  TarFlowLM texts() {
    return texts;
  }

  synchronized TokenScorer tokenScorer() {
    if (tokens == null) {
      tokens = new TokenScorer(texts.checkpoint());
    }
    return tokens;
  }

  @Override
  public synchronized void close() {
    texts.close();
    if (tokens != null) {
      tokens.close();
      tokens = null;
    }
  }
}
