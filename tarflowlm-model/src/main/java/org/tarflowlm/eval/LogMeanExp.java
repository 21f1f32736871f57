package org.tarflowlm.eval;

/** log of the mean of exponentials, number by number, without overflow. */
final class LogMeanExp {
  private double largest = Double.NEGATIVE_INFINITY;
  private double sum;
  private long count;

  void add(double value) {
    if (value > largest) {
      sum = sum * Math.exp(largest - value) + 1;
      largest = value;
    } else {
      sum += Math.exp(value - largest);
    }
    count++;
  }

  double value() {
    return largest + Math.log(sum / count);
  }
}
