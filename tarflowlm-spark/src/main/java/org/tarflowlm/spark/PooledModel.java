package org.tarflowlm.spark;

import org.tarflowlm.TarFlowLM;
import org.tarflowlm.TokenScorer;
import org.tarflowlm.checkpoint.Checkpoint;

/** One copy of a model, used by one row at a time. The token scorer is built on first use. */
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
