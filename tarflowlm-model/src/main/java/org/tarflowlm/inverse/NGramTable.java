package org.tarflowlm.inverse;

/**
 * Counts of token sequences up to a length, and the probabilities of a next token from them: interpolated from short to long
 * contexts by Witten and Bell's rule, p = (c + n p') / (t + n) with the count c of the token after the context, the number n of
 * different tokens seen there, all t of them, and p' of the shorter context. May be used by many threads.
 */
final class NGramTable {
  private static final int ORDER = 5;
  /** Entries are 16 bytes; at this many, nothing new is learned. */
  private static final int MOST_ENTRIES = 1 << 21;
  private static final long TOTAL = 0x5DEECE66DL;
  private static final long TYPES = 0xB5026F5AAL;

  private final int vocabulary;
  private long[] keys = new long[1 << 12];
  private int[] counts = new int[1 << 12];
  private int entries;

  NGramTable(int vocabulary) {
    this.vocabulary = vocabulary;
  }

  /** Counts the tokens [from, to), each after those before it. */
  synchronized void learn(int[] tokens, int from, int to) {
    for (int t = from; t < to && entries < MOST_ENTRIES; t++) {
      long context = 1;
      for (int n = 0; n < ORDER && n <= t; n++) {
        context = n == 0 ? context : extend(context, tokens[t - n]);
        if (add(extend(context, ~tokens[t])) == 1) {
          add(context ^ TYPES);
        }
        add(context ^ TOTAL);
      }
    }
  }

  /** Probabilities [V] of the token at place {@code t} after those before it. */
  synchronized void probabilities(int[] tokens, int t, double[] p) {
    for (int k = 0; k < vocabulary; k++) {
      p[k] = 1.0 / vocabulary;
    }
    long context = 1;
    for (int n = 0; n < ORDER && n <= t; n++) {
      context = n == 0 ? context : extend(context, tokens[t - n]);
      int total = counts[find(context ^ TOTAL)];
      if (total == 0) {
        return;
      }
      int types = counts[find(context ^ TYPES)];
      double scale = 1.0 / (total + types);
      for (int k = 0; k < vocabulary; k++) {
        p[k] = (counts[find(extend(context, ~k))] + types * p[k]) * scale;
      }
    }
  }

  private int add(long key) {
    int at = find(key);
    if (counts[at] == 0) {
      keys[at] = key;
      if (2 * ++entries > keys.length) {
        grow();
        at = find(key);
        keys[at] = key;
      }
    }
    return ++counts[at];
  }

  /** Place of a key, or of the empty entry where it belongs. */
  private int find(long key) {
    int mask = keys.length - 1;
    int at = (int) (key ^ key >>> 32) & mask;
    while (counts[at] != 0 && keys[at] != key) {
      at = at + 1 & mask;
    }
    return at;
  }

  private void grow() {
    long[] oldKeys = keys;
    int[] oldCounts = counts;
    keys = new long[2 * oldKeys.length];
    counts = new int[keys.length];
    for (int i = 0; i < oldKeys.length; i++) {
      if (oldCounts[i] != 0) {
        int at = find(oldKeys[i]);
        keys[at] = oldKeys[i];
        counts[at] = oldCounts[i];
      }
    }
  }

  /** A hash of a context and one more token. */
  private static long extend(long context, int token) {
    long mixed = (context + token + 0x632BE59BD9B4E019L) * 0x9E3779B97F4A7C15L;
    return mixed ^ mixed >>> 29;
  }
}
