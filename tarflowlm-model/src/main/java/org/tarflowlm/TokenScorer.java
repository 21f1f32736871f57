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

/** The bits of each token of a text. Has a network of its own; may be used by many threads, which wait for each other. */
public final class TokenScorer implements AutoCloseable {
  private final Tokenizer tokenizer;
  private final ComputationGraph network;

  public TokenScorer(Checkpoint checkpoint) {
    tokenizer = Tokenizers.byName(checkpoint.info().tokenizer());
    network = Engine.natively(() -> CheckpointNetworks.network(checkpoint));
  }

  /**
   * The sum that {@link TarFlowLM#score(String, ScoringOptions)} gives for one sample, token by token ({@link Likelihood#byToken}). Tokens
   * at the end that do not fill a patch have none.
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
