package org.tarflowlm.coupling;

/**
 * Temporaries of the couplings that treat many rows at a time; one instance per thread, to be reused. Arrays grow on demand and never
 * shrink, so a warm workspace allocates nothing.
 *
 * <p>Layouts as in {@link Lanes}: {@code row} are R numbers each, {@code usable} has R; the other arrays are [K][R].
 */
public final class LaneWorkspace {
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
  int[] index = new int[0];
  final float[][] factor = new float[5][0];
  final float[][] row = new float[6][0];

  /** One mixture per dimension; {@link MixtureCdfLanes} uses the first. */
  MixtureLanes[] mixtures = {new MixtureLanes()};
  /** For the couplings with shared components. */
  final ComponentLanes components = new ComponentLanes();
  /** For very many shared components. */
  final ComponentTiles tiles = new ComponentTiles();
  final NearComponents near = new NearComponents();
  final RosenblattLevels levels = new RosenblattLevels();

  /** Whether single precision will do for a row. */
  boolean[] usable = new boolean[0];

  /** For the rows that are left to the scalar code. */
  final Workspace scalar = new Workspace();
  double[] parameters = new double[0];
  double[] gradients = new double[0];

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
      index = new int[cells];
      for (int i = 0; i < factor.length; i++) {
        factor[i] = new float[cells];
      }
    }
    if (usable.length < rows) {
      usable = new boolean[rows];
      for (int i = 0; i < row.length; i++) {
        row[i] = new float[rows];
      }
    }
    if (mixtures.length < dims) {
      MixtureLanes[] more = new MixtureLanes[dims];
      for (int i = 0; i < dims; i++) {
        more[i] = i < mixtures.length ? mixtures[i] : new MixtureLanes();
      }
      mixtures = more;
    }
    for (int i = 0; i < dims; i++) {
      mixtures[i].ensure(cells, rows);
    }
  }
}
