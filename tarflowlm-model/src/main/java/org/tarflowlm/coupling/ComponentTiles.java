package org.tarflowlm.coupling;

/**
 * {@link Components} in single precision, cut into tiles that stay in the cache while some rows pass by: for many components, of which
 * few come near a row. What is computed here finds those few; what they contribute is then computed in double precision.
 */
final class ComponentTiles {
  /** Components a tile; all dimensions of a tile fit into the second-level cache beside the rows' temporaries. */
  private static final int TILE = 1_024;

  /** [tiles][d][TILE]; the last tile ends with copies of the last component. */
  private float[][][] mean = new float[0][0][];
  /** 1 / (2 s_k^2), [tiles][TILE]. */
  private float[][] halfPrecision = new float[0][];
  /** log s_k, [tiles][TILE]. */
  private float[][] logScale = new float[0][];

  private final float[] distance = new float[TILE];
  private final float[] joint = new float[TILE];

  private long version;
  private int count;
  private int dims;

  void load(Components c) {
    if (version == c.version()) {
      return;
    }
    version = c.version();
    count = c.count();
    dims = c.dims();
    int tiles = (count + TILE - 1) / TILE;
    if (mean.length < tiles || mean[0].length != dims) {
      mean = new float[tiles][dims][TILE];
      halfPrecision = new float[tiles][TILE];
      logScale = new float[tiles][TILE];
    }
    for (int t = 0; t < tiles; t++) {
      int at = t * TILE;
      for (int i = 0; i < dims; i++) {
        narrow(c.means, i * count + at, size(t), mean[t][i]);
      }
      narrow(c.logScales, at, size(t), logScale[t]);
      for (int j = 0; j < size(t); j++) {
        double inverse = c.inverseScales[at + j];
        halfPrecision[t][j] = (float) (0.5 * inverse * inverse);
      }
    }
  }

  private int size(int tile) {
    return Math.min(TILE, count - tile * TILE);
  }

  private static void narrow(double[] source, int at, int n, float[] target) {
    for (int j = 0; j < n; j++) {
      target[j] = (float) source[at + j];
    }
  }

  /**
   * target[row] [K] = logits_k - n log s_k - |z - m_k|^2 / (2 s_k^2) over the first n dimensions, for {@code rows} rows of z [..][d] and
   * of logits [..][K] from row {@code first}; without logits if they are null.
   */
  void joint(float[] z, float[] logits, int first, int rows, int n, float[][] target) {
    for (int at = 0, t = 0; at < count; at += TILE, t++) {
      for (int row = 0; row < rows; row++) {
        distances(z, (first + row) * dims, n, mean[t]);
        if (logits == null) {
          plain(distance, halfPrecision[t], logScale[t], n, joint, size(t));
        } else {
          System.arraycopy(logits, (first + row) * count + at, joint, 0, size(t));
          weighted(distance, halfPrecision[t], logScale[t], n, joint, size(t));
        }
        System.arraycopy(joint, 0, target[row], at, size(t));
      }
    }
  }

  /** distance = |z - m|^2 over the first n dimensions; one a sweep, for the compiler makes less of several. */
  private void distances(float[] z, int zAt, int n, float[][] means) {
    first(z[zAt], means[0], distance, TILE);
    for (int i = 1; i < n; i++) {
      add(z[zAt + i], means[i], distance, TILE);
    }
  }

  private static void first(float z, float[] m, float[] sum, int n) {
    for (int j = 0; j < n; j++) {
      float x = z - m[j];
      sum[j] = x * x;
    }
  }

  private static void add(float z, float[] m, float[] sum, int n) {
    for (int j = 0; j < n; j++) {
      float x = z - m[j];
      sum[j] += x * x;
    }
  }

  private static void plain(float[] distance, float[] halfPrecision, float[] logScale, float volume, float[] joint, int n) {
    for (int j = 0; j < n; j++) {
      joint[j] = -(distance[j] * halfPrecision[j] + volume * logScale[j]);
    }
  }

  private static void weighted(float[] distance, float[] halfPrecision, float[] logScale, float volume, float[] joint, int n) {
    for (int j = 0; j < n; j++) {
      joint[j] -= distance[j] * halfPrecision[j] + volume * logScale[j];
    }
  }
}
