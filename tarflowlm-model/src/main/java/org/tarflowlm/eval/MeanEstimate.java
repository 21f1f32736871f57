package org.tarflowlm.eval;

import org.apache.commons.math3.stat.StatUtils;
import org.apache.commons.math3.util.MathArrays;

/**
 * The mean of independent values, with its standard error.
 *
 * @param mean their mean
 * @param standardError of the mean, from the values' own spread; NaN for a single value
 */
public record MeanEstimate(double mean, double standardError) {

  /** @throws IllegalArgumentException if there is no value */
  public static MeanEstimate of(double[] values) {
    if (values.length == 0) {
      throw new IllegalArgumentException("there are no values; expected at least one");
    }
    double error = values.length == 1 ? Double.NaN : Math.sqrt(StatUtils.variance(values) / values.length);
    return new MeanEstimate(StatUtils.mean(values), error);
  }

  /**
   * Mean of the differences values - others. Its error is smaller than those of the two means if the pairs vary together.
   *
   * @param others as many values, in the same order
   */
  public static MeanEstimate ofDifferences(double[] values, double[] others) {
    if (values.length != others.length) {
      throw new IllegalArgumentException("there are " + values.length + " values and " + others.length + " others; expected pairs");
    }
    return of(MathArrays.ebeSubtract(values, others));
  }
}
