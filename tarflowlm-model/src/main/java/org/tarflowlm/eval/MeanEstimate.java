package org.tarflowlm.eval;

import java.util.Arrays;

/**
 * Mean of independent values and how sure it is.
 *
 * @param mean their mean
 * @param standardError of the mean, from the values' own spread; NaN for a single value
 */
public record MeanEstimate(double mean, double standardError) {

  /** @throws IllegalArgumentException if there is no value */
  public static MeanEstimate of(double[] values) {
    double mean = Arrays.stream(values).average()
        .orElseThrow(() -> new IllegalArgumentException("there are no values; expected at least one"));
    double squares = Arrays.stream(values).map(value -> (value - mean) * (value - mean)).sum();
    int n = values.length;
    return new MeanEstimate(mean, n == 1 ? Double.NaN : Math.sqrt(squares / (n - 1) / n));
  }

  /**
   * Mean of the differences values - others, whose error is smaller than those of the two means where pairs vary together.
   *
   * @param others as many values, in the same order
   */
  public static MeanEstimate ofDifferences(double[] values, double[] others) {
    if (values.length != others.length) {
      throw new IllegalArgumentException("there are " + values.length + " values and " + others.length + " others; expected pairs");
    }
    double[] differences = new double[values.length];
    Arrays.setAll(differences, i -> values[i] - others[i]);
    return of(differences);
  }
}
