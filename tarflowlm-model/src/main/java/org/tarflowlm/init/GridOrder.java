package org.tarflowlm.init;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.tokens.TokenSequence;

/**
 * Finds the order in which tokens take the points of a codebook's grid, such that earlier text predicts each channel well.
 *
 * <p>On a grid, a channel is a digit of the token's rank, and a Mix-1 flow predicts the digits one after another. With tokens in id order,
 * the first digit says whether a letter comes after o in the alphabet, which no context predicts. With vowels before consonants, most
 * contexts predict it. This order gives each digit, given those before it, high mutual information with the two preceding tokens, as trees
 * of hierarchical softmaxes and Brown clusters do. From several random starts, it exchanges tokens of two classes while that adds
 * information. The result is deterministic.
 */
public final class GridOrder {
  /** Limits the counts of tokens after pairs, which take V^3 numbers. */
  private static final int MAX_VOCAB = 256;
  private static final int STARTS = 8;
  private static final double LEAST_GAIN = 1e-6;

  private final int levels;
  private final int contexts;
  /** [V][..]: the pairs that each token follows, ascending; {@code counts} says how often it does. */
  private final int[][] pairs;
  private final int[][] counts;

  private GridOrder(TokenSequence tokens, int channels) {
    int vocab = tokens.vocabSize();
    if (vocab > MAX_VOCAB) {
      throw new DataException("the vocabulary has " + vocab + " tokens; expected at most " + MAX_VOCAB);
    }
    if (channels < 1) {
      throw new DataException("the grid has " + channels + " channels; expected at least 1");
    }
    levels = levels(vocab, channels);
    contexts = vocab * vocab;
    pairs = new int[vocab][];
    counts = new int[vocab][];
    int[] dense = count(tokens);
    for (int token = 0; token < vocab; token++) {
      int from = token * contexts;
      pairs[token] = IntStream.range(0, contexts).filter(pair -> dense[from + pair] > 0).toArray();
      counts[token] = Arrays.stream(pairs[token]).map(pair -> dense[from + pair]).toArray();
    }
  }

  /** The fewest levels per channel such that the grid has at least {@code tokens} points. */
  public static int levels(long tokens, int channels) {
    int levels = 2;
    while (Math.pow(levels, channels) < tokens) {
      levels++;
    }
    return levels;
  }

  /**
   * Reads a whole text and finds an order for its vocabulary.
   *
   * @param tokens a text with a vocabulary of at most 256 ids
   * @param channels d, width of a latent
   * @return the V ids; the first takes the grid's first point
   * @throws DataException if the vocabulary is too large, channels is below 1, or the text cannot be read
   */
  public static List<Integer> of(TokenSequence tokens, int channels) {
    List<Integer> all = IntStream.range(0, tokens.vocabSize()).boxed().toList();
    return new GridOrder(tokens, channels).ordered(all, channels);
  }

  /** Counts how often each token follows each pair: [V, V * V]. */
  private int[] count(TokenSequence tokens) {
    int vocab = tokens.vocabSize();
    int[] dense = new int[vocab * contexts];
    int[] ids = new int[1 << 14];
    int pair = 0;
    for (long from = 0; from < tokens.length(); from += ids.length) {
      int n = (int) Math.min(ids.length, tokens.length() - from);
      tokens.read(from, ids, 0, n);
      for (int i = 0; i < n; i++) {
        if (from + i >= 2) {
          dense[ids[i] * contexts + pair]++;
        }
        pair = pair % vocab * vocab + ids[i];
      }
    }
    return dense;
  }

  /** Orders the tokens in a part of the grid whose points differ only in the last {@code channels} channels. */
  private List<Integer> ordered(List<Integer> tokens, int channels) {
    if (tokens.size() <= 1 || channels == 0) {
      return tokens;
    }
    int room = (int) Math.round(Math.pow(levels, channels - 1));
    List<Integer> result = new ArrayList<>();
    for (Part part : bestSplit(tokens, room)) {
      result.addAll(ordered(part.tokens, channels - 1));
    }
    return result;
  }

  /** Splits tokens into parts of {@code room} tokens, the last with the rest, so that consecutive ranks fill the grid. */
  private List<Part> bestSplit(List<Integer> tokens, int room) {
    if (tokens.size() <= room) {
      return List.of(new Part(tokens));
    }
    return IntStream.range(0, STARTS).mapToObj(start -> improved(shuffled(tokens, start), room))
        .max(Comparator.comparingDouble(parts -> parts.stream().mapToDouble(Part::information).sum())).orElseThrow();
  }

  private static List<Integer> shuffled(List<Integer> tokens, int seed) {
    List<Integer> result = new ArrayList<>(tokens);
    Collections.shuffle(result, new Random(seed));
    return result;
  }

  private List<Part> improved(List<Integer> tokens, int room) {
    List<Part> parts = new ArrayList<>();
    for (int at = 0; at < tokens.size(); at += room) {
      parts.add(new Part(tokens.subList(at, Math.min(tokens.size(), at + room))));
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

  /** Exchanges tokens of two parts wherever that adds information; returns whether it exchanged any. */
  private static boolean exchange(Part a, Part b) {
    boolean better = false;
    for (int i = 0; i < a.tokens.size(); i++) {
      for (int j = 0; j < b.tokens.size(); j++) {
        int x = a.tokens.get(i);
        int y = b.tokens.get(j);
        if (a.gain(x, y) + b.gain(y, x) > LEAST_GAIN) {
          a.replace(i, y);
          b.replace(j, x);
          better = true;
        }
      }
    }
    return better;
  }

  private static double nLogN(long n) {
    return n == 0 ? 0 : n * Math.log(n);
  }

  /** A class of tokens, with counts of how often one of them follows each pair. */
  private final class Part {
    private final List<Integer> tokens;
    private final long[] sums = new long[contexts];
    private long total;

    Part(List<Integer> tokens) {
      this.tokens = new ArrayList<>(tokens);
      tokens.forEach(token -> add(token, 1));
    }

    private void add(int token, int times) {
      for (int i = 0; i < pairs[token].length; i++) {
        sums[pairs[token][i]] += (long) times * counts[token][i];
        total += (long) times * counts[token][i];
      }
    }

    void replace(int index, int token) {
      add(tokens.set(index, token), -1);
      add(token, 1);
    }

    /** The class's share of the mutual information of class and context, without terms that all splits share; in nats times tokens. */
    double information() {
      return Arrays.stream(sums).mapToDouble(GridOrder::nLogN).sum() - nLogN(total);
    }

    /** How much {@link #information} changes if token {@code in} replaces {@code out}; only pairs that one of them follows matter. */
    double gain(int out, int in) {
      int[] left = pairs[out];
      int[] right = pairs[in];
      double sum = 0;
      long moved = 0;
      for (int i = 0, j = 0; i < left.length || j < right.length;) {
        int pair = Math.min(i < left.length ? left[i] : contexts, j < right.length ? right[j] : contexts);
        long change = 0;
        if (i < left.length && left[i] == pair) {
          change -= counts[out][i++];
        }
        if (j < right.length && right[j] == pair) {
          change += counts[in][j++];
        }
        sum += nLogN(sums[pair] + change) - nLogN(sums[pair]);
        moved += change;
      }
      return sum - nLogN(total + moved) + nLogN(total);
    }
  }

  /**
   * Puts the codebook's means on a grid ({@link org.tarflowlm.config.CodebookSpec.Layout#GRID}).
   *
   * @param means [V, d]
   * @param scale standard deviation of a channel's levels
   * @param order token ids, of which the first takes the grid's first point; empty for ascending ids
   */
  static void fill(INDArray means, double scale, List<Integer> order) {
    int channels = Math.toIntExact(means.size(1));
    int levels = levels(means.size(0), channels);
    for (int rank = 0; rank < means.size(0); rank++) {
      int token = order.isEmpty() ? rank : order.get(rank);
      int rest = rank;
      for (int channel = channels - 1; channel >= 0; channel--) {
        means.putScalar(token, channel, level(rest % levels, levels, scale));
        rest /= levels;
      }
    }
  }

  /** A level's coordinate: levels are evenly spaced around 0 and have the standard deviation {@code scale}. */
  static double level(int index, int levels, double scale) {
    return (index - (levels - 1) / 2.0) * scale / Math.sqrt((levels * (double) levels - 1) / 12);
  }
}
