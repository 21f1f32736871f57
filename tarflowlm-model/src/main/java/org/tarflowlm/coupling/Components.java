package org.tarflowlm.coupling;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;

/**
 * K isotropic Gaussian components in d dimensions, shared by all positions: N(.; m_k, s_k^2 I). Means are stored dimension by
 * dimension, [d][K], the order in which the couplings read them. Many threads may read between calls of {@link #assign}.
 */
public final class Components {
  /** Components whose sums stay in the first-level cache. */
  private static final int BLOCK = 1_024;
  private static final AtomicLong VERSIONS = new AtomicLong();

  private long version;
  private int count;
  private int dims;
  /** [d][K]. */
  public double[] means = new double[0];
  /** log s_k. */
  public double[] logScales = new double[0];
  /** s_k. */
  public double[] scales = new double[0];
  /** 1 / s_k. */
  public double[] inverseScales = new double[0];

  /** An empty instance, which {@link #assign} fills. */
  public Components() {}

  /**
   * @param means [K, d], row by row
   * @param logScales [K]
   */
  public Components(double[] means, double[] logScales, int count, int dims) {
    assign(means, logScales, count, dims);
  }

  /** Replaces all components; allocates only to grow. Arguments as in the constructor; throws if a size is below 1. */
  public void assign(double[] newMeans, double[] newLogScales, int newCount, int newDims) {
    if (newCount < 1 || newDims < 1) {
      throw new IllegalArgumentException(
          "components: expected at least 1 component and 1 dimension, found " + newCount + " and " + newDims);
    }
    version = VERSIONS.incrementAndGet();
    count = newCount;
    dims = newDims;
    if (means.length < count * dims) {
      means = new double[count * dims];
    }
    if (scales.length < count) {
      logScales = new double[count];
      scales = new double[count];
      inverseScales = new double[count];
    }
    for (int k = 0; k < count; k++) {
      for (int i = 0; i < dims; i++) {
        means[i * count + k] = newMeans[k * dims + i];
      }
    }
    System.arraycopy(newLogScales, 0, logScales, 0, count);
    for (int k = 0; k < count; k++) {
      inverseScales[k] = Math.exp(-logScales[k]);
      scales[k] = 1.0 / inverseScales[k];
    }
  }

  /** A number unique to these contents among all instances, so that derived data can be cached under it. */
  public long version() {
    return version;
  }

  /** K. */
  public int count() {
    return count;
  }

  /** d. */
  public int dims() {
    return dims;
  }

  /** The components' marginals over the channels [from, to). */
  public Components slice(int from, int to) {
    double[] part = new double[count * (to - from)];
    for (int k = 0; k < count; k++) {
      for (int i = from; i < to; i++) {
        part[k * (to - from) + i - from] = means[i * count + k];
      }
    }
    return new Components(part, logScales, count, to - from);
  }

  /** For each component, the index of the first component with the same mean and scale: [K]. */
  public int[] firstEquals() {
    int[] result = new int[count];
    for (int k = 0; k < count; k++) {
      while (!equal(result[k], k)) {
        result[k]++;
      }
    }
    return result;
  }

  private boolean equal(int a, int b) {
    boolean same = scales[a] == scales[b];
    for (int i = 0; i < dims && same; i++) {
      same = means[i * count + a] == means[i * count + b];
    }
    return same;
  }

  /** out[k] = sum_i (z_i - m_ki)^2 / s_k^2. */
  void squaredDistances(double[] z, int zAt, double[] out) {
    squaredDistances(z, zAt, 0, dims, out);
  }

  /** The sum over the channels [from, to). Sums squared differences, since expanded squares lose all digits for narrow components. */
  void squaredDistances(double[] z, int zAt, int from, int to, double[] out) {
    int k = count;
    for (int first = 0; first < k; first += BLOCK) {
      int end = Math.min(k, first + BLOCK);
      Arrays.fill(out, first, end, 0.0);
      for (int i = from; i < to; i++) {
        double zi = z[zAt + i];
        int at = i * k;
        for (int j = first; j < end; j++) {
          double x = (zi - means[at + j]) * inverseScales[j];
          out[j] += x * x;
        }
      }
    }
  }

  /** Copies a gradient from this class's order [d][K], starting at index {@code from}, to the order [K][d]. */
  public static void transpose(double[] byDimension, int from, int count, int dims, double[] byComponent) {
    for (int i = 0; i < dims; i++) {
      for (int k = 0; k < count; k++) {
        byComponent[k * dims + i] = byDimension[from + i * count + k];
      }
    }
  }
}
