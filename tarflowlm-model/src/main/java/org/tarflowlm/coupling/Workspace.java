package org.tarflowlm.coupling;

/**
 * Temporaries and secondary results of the couplings. Each thread reuses its own instance. Arrays grow on demand and never shrink, so a
 * workspace stops allocating once it is large enough.
 *
 * <p>Layout for d dimensions (1 for {@link MixtureCdf}) and K components: {@code x}, {@code mills} and {@code tailWeight} are
 * [d][K]; {@code weight} is [d + 1][K], where row i holds the component weights before dimension i and row i + 1 the posterior
 * weights after it; {@code logWeight}, {@code logJoint}, {@code mean}, {@code logScale}, {@code scale},
 * {@code inverseScale}, {@code adjoint} and {@code term} are [K]; {@code u}, {@code slope}, {@code signedMills},
 * {@code shift} and {@code variance} are [d].
 */
public final class Workspace {
  double[] x = new double[0];
  double[] mills = new double[0];
  double[] weight = new double[0];
  double[] tailWeight = new double[0];
  double[] logWeight = new double[0];
  double[] logJoint = new double[0];
  double[] mean = new double[0];
  double[] logScale = new double[0];
  double[] scale = new double[0];
  double[] inverseScale = new double[0];
  double[] adjoint = new double[0];
  double[] term = new double[0];
  double[] u = new double[0];
  double[] slope = new double[0];
  double[] signedMills = new double[0];
  double[] shift = new double[0];
  double[] variance = new double[0];

  final MixtureInverse.Group group = new MixtureInverse.Group();

  double logDensity;
  double logDet;

  private long rootIterations;
  private long inversions;

  /** log p(z) in nats of the last forward map or log-density. */
  public double logDensity() {
    return logDensity;
  }

  /** log |det du/dz| in nats of the last forward map. */
  public double logDet() {
    return logDet;
  }

  /** How many times the scalar inversions so far evaluated a mixture's distribution function. */
  public long rootIterations() {
    return rootIterations;
  }

  /** Number of scalar inversions so far. */
  public long inversions() {
    return inversions;
  }

  /** Counts a scalar inversion that evaluated a distribution function so many times. */
  public void countInversion(int iterations) {
    rootIterations += iterations;
    inversions++;
  }

  /** Sets what {@link #logDensity} and {@link #logDet} return. */
  public void setForward(double logDensity, double logDet) {
    this.logDensity = logDensity;
    this.logDet = logDet;
  }

  /** Makes room for {@code dims} dimensions of {@code k} components. */
  void ensure(int dims, int k) {
    if (logWeight.length < k) {
      logWeight = new double[k];
      logJoint = new double[k];
      mean = new double[k];
      logScale = new double[k];
      scale = new double[k];
      inverseScale = new double[k];
      adjoint = new double[k];
      term = new double[k];
    }
    if (u.length < dims) {
      u = new double[dims];
      slope = new double[dims];
      signedMills = new double[dims];
      shift = new double[dims];
      variance = new double[dims];
    }
    int cells = Math.multiplyExact(dims, k);
    if (x.length < cells) {
      x = new double[cells];
      mills = new double[cells];
      tailWeight = new double[cells];
    }
    if (weight.length < cells + k) {
      weight = new double[cells + k];
    }
  }
}
