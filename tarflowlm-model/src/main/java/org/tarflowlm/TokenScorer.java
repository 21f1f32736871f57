package org.tarflowlm;

import java.util.Arrays;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.checkpoint.CheckpointNetworks;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.data.tokens.TokenArray;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.eval.Likelihood;
import org.tarflowlm.nn.TarFlowNetwork;

/** Computes the bits of each token of a text with a network of its own. Thread-safe; calls run one at a time. */
public final class TokenScorer implements AutoCloseable {
  private final Tokenizer tokenizer;
  private final ComputationGraph network;

  /** Builds a network with the checkpoint's weights; {@link #close} frees it. */
  public TokenScorer(Checkpoint checkpoint) {
    tokenizer = Tokenizers.byName(checkpoint.info().tokenizer());
    network = Engine.natively(() -> CheckpointNetworks.network(checkpoint));
  }

  /**
   * The score of {@link TarFlowLM#score(String, ScoringOptions)} for one sample, token by token ({@link Likelihood#byToken}), in bits.
   * Tokens at the end that do not fill a patch are left out.
   *
   * @throws DataException if the text is empty, or holds a character that the model does not know
   * @throws IllegalArgumentException if it is shorter than a patch
   */
  public synchronized double[] bits(String text, long seed) {
    TokenSequence tokens = TokenArray.of(text, tokenizer);
    if (tokens.length() == 0) {
      throw new DataException("the text is empty; expected at least one token");
    }
    double[] nats = new Likelihood(TarFlowNetwork.layer(network), seed).byToken(tokens).nats();
    return Arrays.stream(nats).map(each -> each / Math.log(2)).toArray();
  }

  @Override
  public synchronized void close() {
    TarFlowNetwork.layer(network).close();
    network.close();
  }
}
