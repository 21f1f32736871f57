package org.tarflowlm.train;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.ArrayList;
import java.util.List;
import org.tarflowlm.data.tokens.TokenSequence;

/**
 * Hashes of a run's texts and program, kept in its folder. Texts are hashed as ids, so another tokenizer under the same name is noticed
 * too.
 *
 * @param trainTokens ids of the training text
 * @param trainSha256 their hash
 * @param validTokens ids of the validation text
 * @param validSha256 their hash
 * @param code hash of the classes that compute, see {@link CodeHash}
 */
@JsonIgnoreProperties(ignoreUnknown = true)
record RunSources(long trainTokens, String trainSha256, long validTokens, String validSha256, String code) {
  static RunSources of(TokenSequence train, TokenSequence valid) {
    return new RunSources(train.length(), train.contentHash(), valid.length(), valid.contentHash(), CodeHash.current());
  }

  /** In words, what differs from an earlier run's. */
  List<String> differences(RunSources earlier) {
    List<String> found = new ArrayList<>();
    if (!trainSha256.equals(earlier.trainSha256)) {
      found.add("the training text has changed, or is differently tokenised (" + trainTokens + " tokens; "
          + earlier.trainTokens + " then)");
    }
    if (!validSha256.equals(earlier.validSha256)) {
      found.add("the validation text has changed, or is differently tokenised (" + validTokens + " tokens; " + earlier.validTokens
          + " then)");
    }
    if (!code.equals(earlier.code)) {
      found.add("the program has changed (code " + code + "; " + earlier.code + " then)");
    }
    return found;
  }
}
