package org.tarflowlm.coupling.batch;

/**
 * Temporaries of the couplings that process many rows at a time. Each thread reuses its own instance. Arrays grow on demand and never
 * shrink, so a workspace stops allocating once it is large enough.
 *
 * <p>Layouts as in {@link BatchLayout}: per-component arrays are [K][R], per-row arrays [R].
 */
public final class BatchWorkspace {
  private static final int SPREAD = 4;

  // [K][R]
  float[] tree = new float[0];
  float[] spare = new float[0];
  float[] steps = new float[0];
  float[] mass = new float[0];
  float[] adjoint = new float[0];
  float[] dMean = new float[0];
  float[] dLogScale = new float[0];
  float[] dWeight = new float[0];
  float[] posterior = new float[0];
  float[] curve = new float[0];
  float[] tilt = new float[0];
  float[] mean = new float[0];
  float[] inverseScale = new float[0];
  private final float[][] spread = new float[SPREAD][0];

  // [R]
  float[] perRow = new float[0];
  float[] logitSum = new float[0];
  float[] logLogitSum = new float[0];
  float[] logSlope = new float[0];
  float[] largestInverse = new float[0];
  float[] headroom = new float[0];
  float[] total = new float[0];
  float[] logTotal = new float[0];
  float[] logSum = new float[0];
  float[] logDet = new float[0];
  float[] upstream = new float[0];
  final float[][] factor = new float[SPREAD][0];
  /** Whether single precision suffices for a row. */
  boolean[] usable = new boolean[0];

  /** One mixture per channel; {@link MixtureCdfBatch} uses the first. */
  ScalarMixtureBatch[] mixtures = {new ScalarMixtureBatch()};
  /** For the couplings with shared components. */
  final ComponentsBatch components = new ComponentsBatch();
  /** For the rows that need double precision. */
  final RowInDouble inDouble = new RowInDouble();

  /** Makes room for {@code dims} mixtures of K components in R rows. */
  public void ensure(int dims, int k, int rows) {
    int cells = Math.multiplyExact(k, rows);
    if (tree.length < cells) {
      tree = new float[cells];
      spare = new float[cells];
      steps = new float[cells];
      mass = new float[cells];
      adjoint = new float[cells];
      dMean = new float[cells];
      dLogScale = new float[cells];
      dWeight = new float[cells];
      posterior = new float[cells];
      curve = new float[cells];
      tilt = new float[cells];
      mean = new float[cells];
      inverseScale = new float[cells];
      for (int i = 0; i < SPREAD; i++) {
        spread[i] = new float[cells];
      }
    }
    if (usable.length < rows) {
      usable = new boolean[rows];
      perRow = new float[rows];
      logitSum = new float[rows];
      logLogitSum = new float[rows];
      logSlope = new float[rows];
      largestInverse = new float[rows];
      headroom = new float[rows];
      total = new float[rows];
      logTotal = new float[rows];
      logSum = new float[rows];
      logDet = new float[rows];
      upstream = new float[rows];
      for (int i = 0; i < SPREAD; i++) {
        factor[i] = new float[rows];
      }
    }
    if (mixtures.length < dims) {
      ScalarMixtureBatch[] more = new ScalarMixtureBatch[dims];
      for (int i = 0; i < dims; i++) {
        more[i] = i < mixtures.length ? mixtures[i] : new ScalarMixtureBatch();
      }
      mixtures = more;
    }
    for (int i = 0; i < dims; i++) {
      mixtures[i].ensure(cells, rows);
    }
  }

  /** Repeats {@code row} [R] for every component, [K][R]. The result lives in one of four slots until that slot is used again. */
  float[] spread(int slot, float[] row, int rows, int cells) {
    BatchLayout.repeat(row, spread[slot], rows, cells);
    return spread[slot];
  }
}
