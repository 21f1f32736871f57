package org.tarflowlm.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.math3.ml.clustering.CentroidCluster;
import org.apache.commons.math3.ml.clustering.Clusterable;
import org.apache.commons.math3.ml.clustering.KMeansPlusPlusClusterer;
import org.apache.commons.math3.ml.distance.EuclideanDistance;
import org.apache.commons.math3.random.Well19937c;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.nn.TarFlowLayer;

/**
 * Measures how close two sets of texts are, in the manner of MAUVE (Pillutla et al., 2021). K-means puts features of both sets, such as a
 * judge's {@linkplain #states hidden states}, into the same bins. The measure is the area under the divergence frontier of the two
 * histograms p and q: 1 if they are equal, near 0 if they share nothing. It depends on the features and their number, so compare only
 * figures that were measured in the same way.
 */
public final class DivergenceFrontier {
  /** Factor by which divergences are multiplied, as in MAUVE. */
  private static final double SCALE = 5;
  private static final int POINTS = 100;
  /** Features of the smaller set per bin, and the fewest that a set may have. */
  public static final int LEAST = 10;
  private static final int ROUNDS = 100;

  /** Takes a state at every 16th token of a text, because neighbouring states are nearly equal. */
  public static final int STRIDE = 16;

  private DivergenceFrontier() {}

  /** A feature, and whether it belongs to the first set. */
  private record Feature(double[] values, boolean first) implements Clusterable {
    @Override
    public double[] getPoint() {
      return values;
    }
  }

  /**
   * Compares two sets of features, with a bin for every ten of the smaller set.
   *
   * @param first [features][width]
   * @param second [features][width]
   * @param seed of k-means; equal seeds give equal figures
   * @return area under the divergence frontier, from 0 to 1
   * @throws IllegalArgumentException if a set has fewer than {@value #LEAST} features
   */
  public static double between(double[][] first, double[][] second, long seed) {
    int fewest = Math.min(first.length, second.length);
    if (fewest < LEAST) {
      throw new IllegalArgumentException("a set has " + fewest + " features; expected at least " + LEAST);
    }
    List<Feature> all = new ArrayList<>();
    Arrays.stream(first).forEach(values -> all.add(new Feature(values, true)));
    Arrays.stream(second).forEach(values -> all.add(new Feature(values, false)));
    List<CentroidCluster<Feature>> bins = new KMeansPlusPlusClusterer<Feature>(Math.max(2, fewest / LEAST), ROUNDS,
        new EuclideanDistance(), new Well19937c(seed)).cluster(all);
    double[] p = new double[bins.size()];
    double[] q = new double[bins.size()];
    for (int bin = 0; bin < p.length; bin++) {
      long ofFirst = bins.get(bin).getPoints().stream().filter(Feature::first).count();
      p[bin] = (double) ofFirst / first.length;
      q[bin] = (double) (bins.get(bin).getPoints().size() - ofFirst) / second.length;
    }
    return area(p, q);
  }

  /**
   * Hidden states of a discrete model at every 16th token of each text; each state depends on all earlier tokens of its window.
   *
   * @param judge a discrete model
   * @param texts [texts][tokens], all of the same length, which are cut into windows of the context length
   * @param from number of tokens to skip at the start of each text, such as a prompt
   * @return [states][width]
   * @throws IllegalArgumentException if no text is long enough for one state
   */
  public static double[][] states(TarFlowLayer judge, int[][] texts, int from) {
    int window = judge.model().contextLength();
    List<double[]> states = new ArrayList<>();
    for (int[] text : texts) {
      for (int begin = 0; begin < text.length; begin += window) {
        int[] tokens = Arrays.copyOfRange(text, begin, Math.min(text.length, begin + window));
        read(judge, tokens, Math.max(0, from - begin), states);
      }
    }
    if (states.isEmpty()) {
      throw new IllegalArgumentException("texts are shorter than " + STRIDE + " tokens; expected longer ones");
    }
    return states.toArray(double[][]::new);
  }

  private static void read(TarFlowLayer judge, int[] tokens, int from, List<double[]> states) {
    if (from + STRIDE > tokens.length) {
      return;
    }
    try (INDArray ids = Nd4j.createFromArray(tokens).reshape(1, tokens.length); INDArray features = judge.features(ids)) {
      double[][] rows = features.reshape(tokens.length, judge.model().width()).toDoubleMatrix();
      for (int t = from + STRIDE - 1; t < tokens.length; t += STRIDE) {
        states.add(rows[t]);
      }
    }
  }

  /**
   * Area under the curve of (exp(-5 KL(q | r)), exp(-5 KL(p | r))) over the mixtures r = w p + (1 - w) q.
   *
   * @param p probabilities of the bins, [bins]
   * @param q probabilities of the same bins, [bins]
   * @return from 0 to 1
   */
  public static double area(double[] p, double[] q) {
    double area = 0;
    double x = 1; // at w = 0, r equals q
    double y = 0;
    for (int i = 0; i <= POINTS + 1; i++) {
      double w = Math.min(i, POINTS) / (double) POINTS;
      boolean end = i > POINTS;
      double nextX = end ? 0 : Math.exp(-SCALE * divergence(q, p, w));
      double nextY = end ? 1 : Math.exp(-SCALE * divergence(p, q, 1 - w));
      area += (x - nextX) * (y + nextY) / 2;
      x = nextX;
      y = nextY;
    }
    return area;
  }

  /** KL(a | w b + (1 - w) a) in nats; infinite if a has mass where the mixture has none. */
  private static double divergence(double[] a, double[] b, double w) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      if (a[i] > 0) {
        sum += a[i] * Math.log(a[i] / (w * b[i] + (1 - w) * a[i]));
      }
    }
    return sum;
  }
}
