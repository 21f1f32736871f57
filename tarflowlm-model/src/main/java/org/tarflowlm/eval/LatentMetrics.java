package org.tarflowlm.eval;

import java.util.Arrays;
import java.util.function.ToDoubleFunction;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.stat.StatUtils;
import org.apache.commons.math3.stat.correlation.Covariance;
import org.apache.commons.math3.util.MathArrays;

/**
 * Measures of the latents between flows (paper appendix G), each computed per sequence and summarised over the batch by its mean and
 * population standard deviation. Latents are h [batch][time][dim].
 */
public final class LatentMetrics {
  private static final double EPSILON = 1e-9;

  private LatentMetrics() {}

  /**
   * A measure over a batch.
   *
   * @param standardDeviation population standard deviation over the sequences of the batch
   */
  public record Spread(double mean, double standardDeviation) {
    private static Spread of(double[] values) {
      return new Spread(StatUtils.mean(values), Math.sqrt(StatUtils.populationVariance(values)));
    }
  }

  /** Reshapes a sequence of latents from [time * dim] to [time][dim]. */
  public static double[][] rows(double[] flat, int dim) {
    double[][] result = new double[flat.length / dim][dim];
    for (int i = 0; i < flat.length; i++) {
      result[i / dim][i % dim] = flat[i];
    }
    return result;
  }

  /** Mean Euclidean length of a sequence's latents. */
  public static Spread l2Norm(double[][][] h) {
    return over(h, 1, sequence -> Arrays.stream(sequence).mapToDouble(LatentMetrics::length).average().orElseThrow());
  }

  /** Mean cosine similarity over all pairs of a sequence's latents; 1 for a sequence of one latent. */
  public static Spread cosine(double[][][] h) {
    return over(h, 1, LatentMetrics::meanCosine);
  }

  /**
   * (sum lambda)^2 / sum lambda^2 over the eigenvalues lambda of the sample covariance of a sequence's latents: how many directions
   * they use, from 1 to dim.
   *
   * @throws IllegalArgumentException if a sequence has fewer than two latents
   */
  public static Spread participationRatio(double[][][] h) {
    return over(h, 2, LatentMetrics::participation);
  }

  /**
   * Distance between the means of a sequence's latents before and after a flow.
   *
   * @throws IllegalArgumentException if the two have different shapes
   */
  public static Spread centroidMovement(double[][][] before, double[][][] after) {
    requireShape(before, 1);
    requireShape(after, 1);
    if (before.length != after.length || before[0].length != after[0].length || before[0][0].length != after[0][0].length) {
      throw new IllegalArgumentException("latents before and after a flow have the shapes " + shape(before) + " and " + shape(after)
          + "; expected equal ones");
    }
    double[] moved = new double[before.length];
    for (int b = 0; b < before.length; b++) {
      moved[b] = MathArrays.distance(centroid(after[b]), centroid(before[b]));
    }
    return Spread.of(moved);
  }

  private static Spread over(double[][][] h, int leastTime, ToDoubleFunction<double[][]> measure) {
    requireShape(h, leastTime);
    return Spread.of(Arrays.stream(h).mapToDouble(measure).toArray());
  }

  private static double meanCosine(double[][] sequence) {
    int time = sequence.length;
    if (time == 1) {
      return 1;
    }
    double[] lengths = Arrays.stream(sequence).mapToDouble(LatentMetrics::length).toArray();
    double sum = 0;
    for (int s = 0; s < time; s++) {
      for (int t = s + 1; t < time; t++) {
        sum += dot(sequence[s], sequence[t]) / (lengths[s] * lengths[t] + EPSILON);
      }
    }
    return sum / (time * (time - 1.0) / 2);
  }

  /** Needs no eigenvalues: they add up to the trace, and their squares add up to the sum of the squared entries. */
  private static double participation(double[][] sequence) {
    RealMatrix covariance = new Covariance(sequence).getCovarianceMatrix();
    double norm = covariance.getFrobeniusNorm();
    return covariance.getTrace() * covariance.getTrace() / (norm * norm + EPSILON);
  }

  private static double[] centroid(double[][] sequence) {
    double[] mean = new double[sequence[0].length];
    for (double[] latent : sequence) {
      for (int i = 0; i < mean.length; i++) {
        mean[i] += latent[i] / sequence.length;
      }
    }
    return mean;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static double length(double[] vector) {
    return Math.sqrt(dot(vector, vector));
  }

  private static void requireShape(double[][][] h, int leastTime) {
    if (h.length == 0 || h[0].length < leastTime || h[0][0].length == 0) {
      throw new IllegalArgumentException("latents have the shape " + shape(h) + "; expected at least [1, " + leastTime + ", 1]");
    }
    for (double[][] sequence : h) {
      for (double[] latent : sequence) {
        if (sequence.length != h[0].length || latent.length != h[0][0].length) {
          throw new IllegalArgumentException("latents are ragged; expected every sequence to be of the shape of the first, " + shape(h));
        }
      }
    }
  }

  private static String shape(double[][][] h) {
    int time = h.length == 0 ? 0 : h[0].length;
    return "[" + h.length + ", " + time + ", " + (time == 0 ? 0 : h[0][0].length) + "]";
  }
}
