package org.tarflowlm.kernel;

/** Checks on token ids, which index memory that native code does not guard. */
final class Ids {
  private Ids() {}

  /** @throws IllegalArgumentException if an id is outside [0, vocabulary). */
  static void check(int[] ids, int vocabulary) {
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] < 0 || ids[i] >= vocabulary) {
        throw new IllegalArgumentException("token id " + ids[i] + " at index " + i + ": expected 0 to " + (vocabulary - 1));
      }
    }
  }
}
