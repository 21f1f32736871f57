package org.tarflowlm.nn;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A new vocabulary for a model, and which of its tokens were in the old one.
 *
 * @param size size of the new vocabulary
 * @param oldTokens for each new token its old id, or -1 if the old vocabulary lacks it
 */
record VocabularyChange(int size, int[] oldTokens) {

  /** @throws IllegalArgumentException if there are fewer than 2 tokens, or not one old id per token */
  VocabularyChange {
    if (size < 2) {
      throw new IllegalArgumentException("the vocabulary has " + size + " tokens; expected at least 2");
    }
    if (oldTokens.length != size) {
      throw new IllegalArgumentException(oldTokens.length + " old ids for a vocabulary of " + size + "; expected one for each token");
    }
    oldTokens = oldTokens.clone();
  }

  static VocabularyChange toNewTokens(int size) {
    int[] none = new int[Math.max(size, 0)];
    Arrays.fill(none, -1);
    return new VocabularyChange(size, none);
  }

  void requireWithin(int oldSize) {
    for (int token = 0; token < size; token++) {
      if (oldTokens[token] < -1 || oldTokens[token] >= oldSize) {
        throw new IllegalArgumentException("old id " + oldTokens[token] + " of token " + token + "; expected -1 to " + (oldSize - 1));
      }
    }
  }

  /**
   * Copies the entries of shared tokens to a parameter that has an entry for each token.
   *
   * @param perPatch true if tokens are the last axis, repeated for each token of a patch (a head); false if they are the first (a codebook)
   */
  void carryOver(INDArray from, INDArray to, boolean perPatch) {
    int axis = perPatch ? to.rank() - 1 : 0;
    long repeats = perPatch ? to.size(axis) / size : 1;
    long oldSize = from.size(axis) / repeats;
    for (long repeat = 0; repeat < repeats; repeat++) {
      for (int token = 0; token < size; token++) {
        if (oldTokens[token] >= 0) {
          to.slice(repeat * size + token, axis).assign(from.slice(repeat * oldSize + oldTokens[token], axis));
        }
      }
    }
  }
}
