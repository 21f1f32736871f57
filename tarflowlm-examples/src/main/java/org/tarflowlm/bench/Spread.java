package org.tarflowlm.bench;

import java.util.List;

/** Median, least and greatest value of a figure over several turns. */
record Spread(double median, double least, double most) {
  static Spread of(List<Double> turns) {
    List<Double> sorted = turns.stream().sorted().toList();
    double median = (sorted.get((sorted.size() - 1) / 2) + sorted.get(sorted.size() / 2)) / 2; // with two turns, their mean
    return new Spread(median, sorted.get(0), sorted.get(sorted.size() - 1));
  }

  /** For instance "83.1 (80.2 to 85.0)". */
  @Override
  public String toString() {
    String format = median >= 1000 ? "%,.0f" : median >= 10 ? "%.1f" : median >= 1 ? "%.2f" : "%.3f";
    return String.format(format + " (" + format + " to " + format + ")", median, least, most);
  }
}
