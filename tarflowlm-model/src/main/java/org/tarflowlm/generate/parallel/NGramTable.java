package org.tarflowlm.generate.parallel;

import java.util.Arrays;

/**
 * N-gram model of the next token. For every context of up to {@link #order} - 1 tokens it keeps the weights of the tokens that follow.
 * It interpolates probabilities from short to long contexts:
 *
 * <pre>
 *   p(k) = (w_k + b p'(k)) / (sum of all w + b)        where p' is for the context one token shorter
 * </pre>
 *
 * <p>The weights are either counts of tokens in a text or sums of a model's probabilities ({@link NGramDistillation}). With counts, b is
 * the number of different tokens seen after the context (Witten and Bell's rule); with sums, b = 1. Many threads may share a table.
 */
public final class NGramTable {
  /** The empty context. */
  static final long ROOT = 1;
  /** A table stops learning at this many followers (12 bytes each) or contexts (48 to 96 bytes), which bounds its memory. */
  private static final int MOST_COUNTED = 1 << 20;
  private static final int MOST_DISTILLED = 1 << 25;
  /** Order of counted n-grams. */
  private static final int COUNTED_ORDER = 5;
  private static final int NONE = -1;
  /** Remaining probability that is too small to matter for a guess. */
  private static final double NEGLIGIBLE = 1e-4;

  private final int vocabulary;
  private final int order;
  private final int most;
  /** Hash table of contexts with open addressing; 0 marks a free slot. */
  private long[] keys = new long[1 << 10];
  /** Four numbers per context: its first follower or {@link #NONE}; the sum of weights and b, as bits of a float; one unused. */
  private int[] contexts = new int[4 << 10];
  private int contextCount;
  /** Three numbers per follower: token, weight as bits of a float, the next follower or {@link #NONE}. */
  private int[] followers = new int[3 << 10];
  private int followerCount;
  private boolean frozen;
  /** Contexts of the current token, shortest first. */
  private final long[] path;

  /**
   * An empty table.
   *
   * @param order tokens of the longest n-grams, context and follower together
   */
  NGramTable(int vocabulary, int order) {
    this(vocabulary, order, MOST_DISTILLED);
  }

  private NGramTable(int vocabulary, int order, int most) {
    this.vocabulary = vocabulary;
    this.most = most;
    this.order = order;
    path = new long[order];
  }

  /** An empty table that counts the n-grams of texts. */
  public static NGramTable empty(int vocabulary) {
    return new NGramTable(vocabulary, COUNTED_ORDER, MOST_COUNTED);
  }

  /** A table that has learned a text and can learn more. */
  public static NGramTable of(int[] text, int vocabulary) {
    NGramTable table = empty(vocabulary);
    table.learn(text, 0, text.length);
    return table;
  }

  /** Returns this table, after which {@link #learn} has no effect. */
  synchronized NGramTable frozen() {
    frozen = true;
    return this;
  }

  /** Number of different tokens. */
  public int vocabulary() {
    return vocabulary;
  }

  int order() {
    return order;
  }

  /** Number of pairs of a context and a token after it. */
  public synchronized int size() {
    return followerCount;
  }

  /** Counts the tokens [from, to) of a text, each after the contexts that precede it. */
  synchronized void learn(int[] text, int from, int to) {
    for (int t = from; t < to; t++) {
      long key = ROOT;
      for (int n = 0; n < order && n <= t && learns(); n++) {
        key = n == 0 ? key : extend(key, text[t - n]);
        int c = context(key);
        int before = followerCount;
        add(c, text[t], 1f);
        backoff(c, backoff(c) + followerCount - before);
      }
    }
  }

  /**
   * Adds the probabilities [V] of the token at place {@code t} to the weights after every context there, except those below
   * {@code least}.
   */
  synchronized void learn(int[] text, int t, double[] p, double least) {
    long key = ROOT;
    for (int n = 0; n < order && n <= t && learns(); n++) {
      key = n == 0 ? key : extend(key, text[t - n]);
      int c = context(key);
      backoff(c, 1f);
      for (int k = 0; k < vocabulary; k++) {
        if (p[k] >= least) {
          add(c, k, (float) p[k]);
        }
      }
    }
  }

  /** Whether the table has reached its largest size. */
  boolean isFull() {
    return followerCount >= most || contextCount >= most;
  }

  private boolean learns() {
    return !frozen && !isFull();
  }

  /**
   * Writes the probabilities [V] of the token at place {@code t}, given the tokens before it, to {@code p}. Sums from the longest context
   * to the shortest, and stops once the rest is negligible.
   */
  synchronized void probabilities(int[] text, int t, double[] p) {
    int longest = Math.min(order - 1, t);
    path[0] = ROOT;
    for (int n = 1; n <= longest; n++) {
      path[n] = extend(path[n - 1], text[t - n]);
    }
    Arrays.fill(p, 0, vocabulary, 0.0);
    double left = 1.0;
    for (int n = longest; n >= 0 && left > NEGLIGIBLE; n--) {
      int slot = slot(path[n]);
      if (keys[slot] != 0) {
        int c = 4 * slot;
        double share = left / (Float.intBitsToFloat(contexts[c + 1]) + backoff(c));
        for (int f = contexts[c]; f != NONE; f = followers[f + 2]) {
          p[followers[f]] += Float.intBitsToFloat(followers[f + 1]) * share;
        }
        left = backoff(c) * share;
      }
    }
    for (int k = 0; k < vocabulary; k++) {
      p[k] += left / vocabulary;
    }
  }

  /** Writes the weights [V] of the tokens after a context, 0 for those never seen; returns false if the context is unknown. */
  synchronized boolean weights(long key, float[] result) {
    int slot = slot(key);
    if (keys[slot] == 0) {
      return false;
    }
    Arrays.fill(result, 0f);
    for (int f = contexts[4 * slot]; f != NONE; f = followers[f + 2]) {
      result[followers[f]] = Float.intBitsToFloat(followers[f + 1]);
    }
    return true;
  }

  /** Index of context {@code key} in the table, valid until the next call; adds the context if it is new. */
  int context(long key) {
    int slot = slot(key);
    if (keys[slot] == 0) {
      if (2 * ++contextCount > keys.length) {
        rehash();
        slot = slot(key);
      }
      keys[slot] = key;
      contexts[4 * slot] = NONE;
    }
    return 4 * slot;
  }

  private float backoff(int c) {
    return Float.intBitsToFloat(contexts[c + 2]);
  }

  /** Sets the b of a context. */
  void backoff(int c, float weight) {
    contexts[c + 2] = Float.floatToRawIntBits(weight);
  }

  /** Adds to a follower's weight. */
  private void add(int c, int token, float weight) {
    for (int f = contexts[c]; f != NONE; f = followers[f + 2]) {
      if (followers[f] == token) {
        followers[f + 1] = sum(followers[f + 1], weight);
        contexts[c + 1] = sum(contexts[c + 1], weight);
        return;
      }
    }
    append(c, token, weight);
  }

  /** Adds a follower that the context does not have yet. */
  void append(int c, int token, float weight) {
    int f = 3 * followerCount++;
    if (f == followers.length) {
      followers = Arrays.copyOf(followers, 2 * f);
    }
    followers[f] = token;
    followers[f + 1] = Float.floatToRawIntBits(weight);
    followers[f + 2] = contexts[c];
    contexts[c] = f;
    contexts[c + 1] = sum(contexts[c + 1], weight);
  }

  private static int sum(int bits, float more) {
    return Float.floatToRawIntBits(Float.intBitsToFloat(bits) + more);
  }

  private int slot(long key) {
    int mask = keys.length - 1;
    int at = (int) (key ^ key >>> 32) & mask;
    while (keys[at] != 0 && keys[at] != key) {
      at = at + 1 & mask;
    }
    return at;
  }

  private void rehash() {
    long[] oldKeys = keys;
    int[] oldContexts = contexts;
    keys = new long[2 * oldKeys.length];
    contexts = new int[4 * keys.length];
    for (int i = 0; i < oldKeys.length; i++) {
      if (oldKeys[i] != 0) {
        int slot = slot(oldKeys[i]);
        keys[slot] = oldKeys[i];
        System.arraycopy(oldContexts, 4 * i, contexts, 4 * slot, 4);
      }
    }
  }

  /** Hash of a context extended by one earlier token; never 0. */
  static long extend(long context, int token) {
    long mixed = (context + token + 0x632BE59BD9B4E019L) * 0x9E3779B97F4A7C15L;
    return mixed ^ mixed >>> 29 | 1L << 63;
  }
}
