package org.tarflowlm.vector;

/**
 * Single-precision functions over whole arrays, in loops that follow the rules of {@link FloatLoops}, without fused multiply-add.
 *
 * <p>C2 does not vectorise a reinterpretation of bits, so {@link #exp} and {@link #log} each have one scalar loop that only inserts or
 * extracts an exponent. The approximations are our own minimax fits in relative error; each method states the error that they add to
 * the rounding of single precision.
 */
public final class FloatMath {
  /** The smallest and, negated, the largest power of two in an exponential: -80 / log(2). */
  private static final float LOWEST_POWER = -115.4156f;
  public static final float INVERSE_SQRT_2PI = 0.3989422804f;
  /**
   * Added to a number and subtracted again, it keeps seven digits of numbers above 1e-16 and turns those below 3e-24 into 0. Without it,
   * products with such numbers would fall below 1e-38, where an Intel processor needs over a hundred cycles for each instruction.
   */
  public static final float FLUSH = 1e-16f;
  /** Its 64th power vanishes beside {@link #FLUSH}, and all powers on the way stay above 1e-38. */
  public static final float LEAST_ROOT = 0.3f;

  private static final float LOG2_E = 1.442695041f;
  /** log(2) in two parts, the first with so few digits that its multiples are exact. */
  private static final float LOG_2_HIGH = 0.693359375f;
  private static final float LOG_2_LOW = -2.12194440e-4f;
  private static final float MOST_TANH = 9f;
  /** Adding 1.5 * 2^23 rounds to a whole number and leaves it in the low bits. */
  private static final float ROUNDER = 12_582_912f;
  private static final int MANTISSA_BITS = 23;
  /** Bits of sqrt(1/2): mantissas are chosen between sqrt(1/2) and sqrt(2). */
  private static final int SQRT_HALF_BITS = 0x3f3504f3;
  /** sqrt(2 log 2) in two parts. */
  private static final float ROOT_HIGH = 1.1774100f;
  private static final float ROOT_LOW = 1.5992342e-8f;

  /** What {@link #gauss} and {@link #exp} give for the smallest arguments: exp(-80). */
  public static final float LEAST_EXP = leastExp();

  private FloatMath() {}

  private static float leastExp() {
    float[] y = new float[1];
    exp(new float[] {-1e9f}, y, new float[1], 1);
    return y[0];
  }

  /** y = exp(x), with x clamped to [-80, 80]; relative error 2e-7 + |x| 1e-7. {@code steps} is a temporary. */
  public static void exp(float[] x, float[] y, float[] steps, int n) {
    for (int i = 0; i < n; i++) {
      float v = Math.min(Math.max(x[i] * LOG2_E, LOWEST_POWER), -LOWEST_POWER);
      float step = v + ROUNDER;
      steps[i] = step;
      y[i] = power(v - (step - ROUNDER));
    }
    addExponent(y, steps, n);
  }

  /** y = exp(-x), like {@link #exp}. */
  public static void expNegative(float[] x, float[] y, float[] steps, int n) {
    for (int i = 0; i < n; i++) {
      float v = Math.min(Math.max(x[i] * -LOG2_E, LOWEST_POWER), -LOWEST_POWER);
      float step = v + ROUNDER;
      steps[i] = step;
      y[i] = power(v - (step - ROUNDER));
    }
    addExponent(y, steps, n);
  }

  /** y = exp(-x^2 / 2), like {@link #exp}. */
  public static void gauss(float[] x, float[] y, float[] steps, int n) {
    for (int i = 0; i < n; i++) {
      float v = Math.max(x[i] * x[i] * (-0.5f * LOG2_E), LOWEST_POWER);
      float step = v + ROUNDER;
      steps[i] = step;
      y[i] = power(v - (step - ROUNDER));
    }
    addExponent(y, steps, n);
  }

  /** 2^r for r in [-1/2, 1/2]; the polynomial's error is 9e-8, and 0 at 0. */
  private static float power(float r) {
    float p = 1.32641732e-3f;
    p = p * r + 9.67193954e-3f;
    p = p * r + 5.55073880e-2f;
    p = p * r + 2.40222350e-1f;
    p = p * r + 6.93146944e-1f;
    return p * r + 1f;
  }

  /** y *= 2^count by integer addition, with the count in the low bits of the step. */
  private static void addExponent(float[] y, float[] steps, int n) {
    for (int i = 0; i < n; i++) {
      int exponent = Float.floatToRawIntBits(steps[i]) << MANTISSA_BITS;
      y[i] = Float.intBitsToFloat(Float.floatToRawIntBits(y[i]) + exponent);
    }
  }

  /**
   * {@code x[i] = exp(x[i])} for {@code i < n}, {@code x[i] <= 0} (or slightly above), for softmax. Coarser and faster than {@link #exp}:
   * relative error below 1e-5 for x from -20 up, exactly 0 below about -54. exp(v) = p(v)^64 with a polynomial p fitted to exp(v / 64) on
   * [-40, 0]; its degree is odd, so p falls without end for very negative v and is clamped.
   */
  public static void coarseExp(float[] x, int n) {
    for (int i = 0; i < n; i++) {
      x[i] = coarseExp(x[i]);
    }
  }

  /** {@code x[i] = exp(x[i] - y[i])} for {@code i < n}, with the accuracy of {@link #coarseExp}. */
  public static void coarseExpOfDifference(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      x[i] = coarseExp(x[i] - y[i]);
    }
  }

  /** Also adds the result: {@code sum[i] += x[i]}. */
  public static void coarseExpOfDifference(float[] x, float[] y, float[] sum, int n) {
    for (int i = 0; i < n; i++) {
      float e = coarseExp(x[i] - y[i]);
      x[i] = e;
      sum[i] += e;
    }
  }

  private static float coarseExp(float v) {
    float p = 5.6912665e-12f;
    p = p * v + 2.3953408e-9f;
    p = p * v + 6.34015e-7f;
    p = p * v + 1.220545e-4f;
    p = p * v + 1.5624953e-2f;
    p = p * v + 1f;
    p = Math.max(p, LEAST_ROOT);
    p *= p;
    p *= p;
    p *= p;
    p *= p;
    p *= p;
    p *= p;
    return p + FLUSH - FLUSH;
  }

  /**
   * {@code x[i] = bound tanh(x[i] / bound)} for {@code i < n}. tanh(v) is v times a rational function of v^2, with relative error 2e-8, up
   * to |v| = 9, where single precision no longer tells it from 1.
   */
  public static void boundByTanh(float[] x, float bound, int n) {
    float inverse = 1f / bound;
    for (int i = 0; i < n; i++) {
      float v = Math.min(Math.max(x[i] * inverse, -MOST_TANH), MOST_TANH);
      float t = v * v;
      float p = 1.33544542e-8f;
      p = p * t + 2.06089396e-5f;
      p = p * t + 3.49557978e-3f;
      p = p * t + 1.33810187e-1f;
      p = p * t + 0.99999998f;
      float q = 7.77647540e-7f;
      q = q * t + 3.28562093e-4f;
      q = q * t + 2.58769507e-2f;
      q = q * t + 4.67143343e-1f;
      q = q * t + 1f;
      x[i] = bound * v * p / q;
    }
  }

  /** y = log(x) for normal x > 0; error 2e-7 relative, 3e-8 absolute. {@code mantissas} is a temporary. */
  public static void log(float[] x, float[] y, float[] mantissas, int n) {
    for (int i = 0; i < n; i++) {
      int bits = Float.floatToRawIntBits(x[i]);
      int exponent = bits - SQRT_HALF_BITS >> MANTISSA_BITS;
      mantissas[i] = Float.intBitsToFloat(bits - (exponent << MANTISSA_BITS));
      y[i] = exponent;
    }
    addLog(mantissas, y, n);
  }

  /** y = y log(2) + log(m) for m in [sqrt(1/2), sqrt(2)]; error of the rational function 1e-9. */
  private static void addLog(float[] m, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      float d = m[i] - 1f;
      float p = 7.0166146e-3f;
      p = p * d + 3.3259633e-1f;
      p = p * d + 1.2143369f;
      p = p * d + 1f;
      float q = 1.1378542e-1f;
      q = q * d + 8.5643148e-1f;
      q = q * d + 1.7143370f;
      q = q * d + 1f;
      y[i] = y[i] * LOG_2_HIGH + (y[i] * LOG_2_LOW + d * p / q);
    }
  }

  /** y = R(|x|), the Mills ratio (1 - Phi) / phi. */
  public static void mills(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      float t = Math.abs(x[i]);
      y[i] = millsNumerator(t) / millsDenominator(t);
    }
  }

  /** y = p phi(0) R(|x|), which for p = weight exp(-x^2 / 2) is a component's weight in its smaller tail. */
  public static void smallerTail(float[] x, float[] p, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      float t = Math.abs(x[i]);
      y[i] = INVERSE_SQRT_2PI * p[i] * millsNumerator(t) / millsDenominator(t);
    }
  }

  /** Divided by the denominator, R(t) for t >= 0 with relative error 5e-8 (degree 4 over 5, positive coefficients); finite to t = 1e7. */
  private static float millsNumerator(float t) {
    float p = 1.41813457e-2f;
    p = p * t + 1.2638488e-1f;
    p = p * t + 5.2957362e-1f;
    p = p * t + 1.1893872f;
    return p * t + 1.2533142f;
  }

  private static float millsDenominator(float t) {
    float q = 1.41813448e-2f;
    q = q * t + 1.2638517e-1f;
    q = q * t + 5.4373473e-1f;
    q = q * t + 1.3163220f;
    q = q * t + 1.7468809f;
    return q * t + 1f;
  }

  /**
   * u = -Phi^-1(F) >= 0, given y = log F, at most log(1/2). With r = sqrt(-2y) and r0 = sqrt(2 log 2), u is r - r0 times a rational
   * function of r - r0, accurate to 1e-8 for r in [r0, 13]; the factor r - r0 keeps small u accurate.
   */
  public static void quantile(float[] y, float[] u, int n) {
    for (int i = 0; i < n; i++) {
      float s = (float) Math.sqrt(Math.max(-2f * y[i], 0f)) - ROOT_HIGH - ROOT_LOW;
      float p = 6.6586733e-3f;
      p = p * s + 1.4011847e-1f;
      p = p * s + 8.6440396e-1f;
      p = p * s + 1.9932692f;
      p = p * s + 1.4756646f;
      float q = 6.6572726e-3f;
      q = q * s + 1.3244472e-1f;
      q = q * s + 7.4029213e-1f;
      q = q * s + 1.5148039f;
      q = q * s + 1f;
      u[i] = s * p / q;
    }
  }
}
