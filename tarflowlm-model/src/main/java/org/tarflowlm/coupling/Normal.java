package org.tarflowlm.coupling;

/**
 * Functions of the standard normal distribution that keep their relative accuracy (about 1e-15) in both tails.
 *
 * <p>All of them rest on one rational function, the Mills ratio of the upper tail
 * R(t) = (1 - Phi(t)) / phi(t) for t &gt;= 0, because Phi(-t) = phi(t) R(t): neither Phi near 0 nor 1 - Phi near 0 is ever formed
 * by subtraction, and no exponential of a large number occurs. phi and Phi are the standard normal density and distribution
 * function.
 */
public final class Normal {
  /** log sqrt(2 pi), minus the logarithm of phi(0). */
  public static final double LOG_SQRT_2PI = 0.91893853320467274178;
  /** log(1/2), the largest argument of {@link #quantileOfLog(double)}. */
  public static final double LOG_HALF = -0.69314718055994530942;

  private static final double INVERSE_SQRT_2PI = 0.39894228040143267794;

  /** Beyond this, R(t) = 1/t to double precision, and the powers in the rational function would overflow. */
  private static final double MILLS_ASYMPTOTIC = 1e9;

  /** Shorter arrays use the scalar loop: see {@link #upperMills(double[], int, int, double[])}. */
  private static final int VECTOR_LENGTH = 8;

  private Normal() {}

  /** log phi(x). */
  public static double logPdf(double x) {
    return -0.5 * x * x - LOG_SQRT_2PI;
  }

  /**
   * R(t) = (1 - Phi(t)) / phi(t) for t &gt;= 0.
   *
   * <p>Rational minimax approximation of degree 10 over 11, fitted in 80-digit arithmetic to a relative error below 1e-17 on
   * [0, infinity); all coefficients are positive, so evaluation loses nothing to cancellation.
   */
  public static double upperMills(double t) {
    return t > MILLS_ASYMPTOTIC ? 1.0 / t : millsNumerator(t) / millsDenominator(t);
  }

  /**
   * R(|x_j|) for {@code count} elements from {@code at}; finite for |x| &lt; 1e25. Plain loops with small bodies let the compiler emit
   * vector instructions; that pays only for many iterations, hence the separate loop for short arrays.
   */
  public static void upperMills(double[] x, int at, int count, double[] result) {
    if (count < VECTOR_LENGTH) {
      for (int j = at; j < at + count; j++) {
        result[j] = upperMills(Math.abs(x[j]));
      }
      return;
    }
    for (int j = at; j < at + count; j++) {
      result[j] = millsNumerator(Math.abs(x[j]));
    }
    for (int j = at; j < at + count; j++) {
      result[j] /= millsDenominator(Math.abs(x[j]));
    }
  }

  private static double millsNumerator(double t) {
    double p = 8.3344354726955113e-7;
    p = p * t + 2.4440091909619512e-5;
    p = p * t + 3.5524081015083169e-4;
    p = p * t + 3.3173984861386035e-3;
    p = p * t + 2.1847767111036216e-2;
    p = p * t + 1.0550473806094063e-1;
    p = p * t + 3.775537368051116e-1;
    p = p * t + 9.8920962091401321e-1;
    p = p * t + 1.8227719655994803;
    p = p * t + 2.1503850030966206;
    return p * t + 1.2533141373155003;
  }

  private static double millsDenominator(double t) {
    double q = 8.3344354726955112e-7;
    q = q * t + 2.4440091909619538e-5;
    q = q * t + 3.5607425369808767e-4;
    q = q * t + 3.3418385780509294e-3;
    q = q * t + 2.22013410338112e-2;
    q = q * t + 1.0877325638099702e-1;
    q = q * t + 3.9869935598612635e-1;
    q = q * t + 1.0883239851610546;
    q = q * t + 2.1601204078466443;
    q = q * t + 2.9599589927576575;
    q = q * t + 2.5136435545556829;
    return q * t + 1.0;
  }

  /** phi(x) / Phi(x), the derivative of log Phi; about -x for very negative x. */
  public static double hazard(double x) {
    double tail = upperMills(Math.abs(x));
    if (x <= 0) {
      return 1.0 / tail;
    }
    double pdf = INVERSE_SQRT_2PI * Math.exp(-0.5 * x * x);
    return pdf / (1.0 - pdf * tail);
  }

  /** log Phi(x). */
  public static double logCdf(double x) {
    double tail = upperMills(Math.abs(x));
    if (x <= 0) {
      return logPdf(x) + Math.log(tail);
    }
    return Math.log1p(-INVERSE_SQRT_2PI * Math.exp(-0.5 * x * x) * tail);
  }

  /**
   * The u &lt;= 0 with log Phi(u) = y, for y &lt;= log(1/2) (larger y give 0). Relative accuracy about 1e-15 down to y = -1e300.
   *
   * <p>A rational function of sqrt(-2y) starts with a relative error below 1e-6 (1e-3 beyond u = -40); one step (two) of
   * Halley's third-order iteration on log Phi, which is nearly quadratic, ends at rounding level.
   */
  public static double quantileOfLog(double y) {
    if (y >= LOG_HALF) {
      return 0.0;
    }
    double r = Math.sqrt(-2.0 * y);
    double p = (((0.182842041134 * r + 2.29260906855) * r + 3.09497099037) * r - 4.55380977789) * r - 3.02230084896;
    double q = ((0.182816450732 * r + 2.29692906804) * r + 3.94152692633) * r + 1.0;
    double u = halley(r < 1e70 ? Math.min(-p / q, 0.0) : -r, y);
    return r < 40 ? u : halley(u, y);
  }

  private static double halley(double u, double y) {
    double tail = upperMills(Math.abs(u));
    double error = logPdf(u) + Math.log(tail) - y;
    return Math.min(u - error * tail / (1.0 + 0.5 * error * (1.0 + u * tail)), 0.0);
  }

  /** The u with Phi(u) = F, computed from the smaller of log F and log(1 - F); each must be accurate on its own. */
  public static double quantileFromLogs(double logF, double log1mF) {
    return logF <= log1mF ? quantileOfLog(logF) : -quantileOfLog(log1mF);
  }
}
