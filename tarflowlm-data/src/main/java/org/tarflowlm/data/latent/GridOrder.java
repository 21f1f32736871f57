package org.tarflowlm.data.latent;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.text.TokenSequence;

/**
 * In which order tokens should take the points of a codebook's grid, so that each channel says something that the text before it tells.
 *
 * <p>On a grid a channel is a digit of the token's rank, and a Mix-1 flow predicts the digits one after another: with tokens in the
 * order of their ids the first question about a letter is whether it comes after the p in the alphabet, which no context answers; with
 * vowels before consonants it is one that every context does. The order here gives each digit, given those before it, much mutual
 * information with the two preceding tokens, as trees of hierarchical softmaxes and Brown's clusters do: from several random starts,
 * tokens of two classes are exchanged as long as that adds information. Input and seed decide the result.
 */
public final class GridOrder {
  /** The counts of pairs take V^3 numbers. */
  private static final int MAX_VOCAB = 256;
  private static final int STARTS = 8;
  private static final double LEAST_GAIN = 1e-6;

  private final int vocab;
  private final int levels;
  private final int contexts;
  /** [V, V * V]: how often a token follows a pair. */
  private final int[] counts;

  private GridOrder(int vocab, int channels) {
    if (vocab > MAX_VOCAB) {
      throw new DataException("an order of " + vocab + " tokens; expected at most " + MAX_VOCAB);
    }
    if (channels < 1) {
      throw new DataException("a grid in " + channels + " channels; expected at least 1");
    }
    this.vocab = vocab;
    this.levels = levels(vocab, channels);
    this.contexts = vocab * vocab;
    this.counts = new int[vocab * contexts];
  }

  /** The fewest levels a channel with at least so many points. */
  public static int levels(long tokens, int channels) {
    int levels = 2;
    while (Math.pow(levels, channels) < tokens) {
      levels++;
    }
    return levels;
  }

  /**
   * Reads a text to its end.
   *
   * @param tokens a text of at most 256 different ids
   * @param channels width d of a latent
   * @return the V ids; the first takes the grid's first point
   * @throws DataException if there are too many ids for the counts or no channels, or the text cannot be read
   */
  public static List<Integer> of(TokenSequence tokens, int channels) {
    GridOrder order = new GridOrder(tokens.vocabSize(), channels);
    order.count(tokens);
    List<Integer> all = IntStream.range(0, tokens.vocabSize()).boxed().toList();
    return order.ordered(all, channels);
  }

  private void count(TokenSequence tokens) {
    int[] ids = new int[1 << 14];
    int pair = 0;
    for (long from = 0; from < tokens.length(); from += ids.length) {
      int n = (int) Math.min(ids.length, tokens.length() - from);
      tokens.read(from, ids, 0, n);
      for (int i = 0; i < n; i++) {
        if (from + i >= 2) {
          counts[ids[i] * contexts + pair]++;
        }
        pair = pair % vocab * vocab + ids[i];
      }
    }
  }

  /** Orders the tokens of a part of the grid, whose points differ in the last {@code channels} channels. */
  private List<Integer> ordered(List<Integer> tokens, int channels) {
    if (tokens.size() <= 1 || channels == 0) {
      return tokens;
    }
    int room = (int) Math.round(Math.pow(levels, channels - 1));
    List<Integer> result = new ArrayList<>();
    for (List<Integer> part : bestSplit(tokens, room)) {
      result.addAll(ordered(part, channels - 1));
    }
    return result;
  }

  /** Parts of {@code room} tokens, the last with what is left, so that ranks without a gap fill the grid. */
  private List<List<Integer>> bestSplit(List<Integer> tokens, int room) {
    if (tokens.size() <= room) {
      return List.of(tokens);
    }
    return IntStream.range(0, STARTS).mapToObj(start -> improved(shuffled(tokens, start), room))
        .max(Comparator.comparingDouble(parts -> parts.stream().mapToDouble(this::information).sum())).orElseThrow();
  }

  private static List<Integer> shuffled(List<Integer> tokens, int seed) {
    List<Integer> result = new ArrayList<>(tokens);
    Collections.shuffle(result, new Random(seed));
    return result;
  }

  private List<List<Integer>> improved(List<Integer> tokens, int room) {
    List<List<Integer>> parts = new ArrayList<>();
    for (int at = 0; at < tokens.size(); at += room) {
      parts.add(new ArrayList<>(tokens.subList(at, Math.min(tokens.size(), at + room))));
    }
    boolean better = true;
    while (better) {
      better = false;
      for (int a = 0; a < parts.size(); a++) {
        for (int b = a + 1; b < parts.size(); b++) {
          better |= exchange(parts.get(a), parts.get(b));
        }
      }
    }
    return parts;
  }

  /** Exchanges tokens of two parts wherever that adds information; whether it did anywhere. */
  private boolean exchange(List<Integer> a, List<Integer> b) {
    boolean better = false;
    double now = information(a) + information(b);
    for (int i = 0; i < a.size(); i++) {
      for (int j = 0; j < b.size(); j++) {
        swap(a, i, b, j);
        double then = information(a) + information(b);
        if (then > now + LEAST_GAIN) {
          now = then;
          better = true;
        } else {
          swap(a, i, b, j);
        }
      }
    }
    return better;
  }

  private static void swap(List<Integer> a, int i, List<Integer> b, int j) {
    a.set(i, b.set(j, a.get(i)));
  }


  /** A class's share of the mutual information of class and context, less what is the same for all splits: in nats times tokens. */
  private double information(List<Integer> part) {
    double sum = 0;
    long total = 0;
    for (int context = 0; context < contexts; context++) {
      long n = 0;
      for (int token : part) {
        n += counts[token * contexts + context];
      }
      total += n;
      sum += nLogN(n);
    }
    return sum - nLogN(total);
  }

  private static double nLogN(long n) {
    return n == 0 ? 0 : n * Math.log(n);
  }
}
