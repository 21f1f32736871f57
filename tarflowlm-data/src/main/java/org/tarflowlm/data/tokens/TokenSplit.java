package org.tarflowlm.data.tokens;

import org.datavec.api.split.InputSplit;
import org.tarflowlm.data.tokenize.Tokenizer;

/** An input split that is not whole files: it opens its own tokens, such as those of a corpus's part. */
public interface TokenSplit extends InputSplit {
  /** The tokens of the split, by a reader's tokenizer. */
  TokenSequence open(Tokenizer tokenizer);
}
