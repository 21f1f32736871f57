package org.tarflowlm.bench;

import java.util.Collections;
import java.util.List;

/** A figure of several turns: its median, its least and its most. */
record Spread(double median, double least, double most) {
  static Spread of(List<Double> turns) {
    return new Spread(BenchCommand.median(turns), Collections.min(turns), Collections.max(turns));
  }

  /** As "83.1 (80.2 to 85.0)", with three or four digits. */
  @Override
  public String toString() {
    String format = median >= 1000 ? "%,.0f" : median >= 10 ? "%.1f" : median >= 1 ? "%.2f" : "%.3f";
    return String.format(format + " (" + format + " to " + format + ")", median, least, most);
  }
}
