package org.tarflowlm.kernel;

import org.bytedeco.javacpp.FloatPointer;

/**
 * y = x where x is positive, else exp(x) - 1: the activation of the masked head.
 *
 * <pre>
 *   x, y, dy, dx [length]    dx = dy (1 + min(y, 0))
 * </pre>
 *
 * <p>exp(x) - 1 comes from its Taylor polynomial at x / 64 and six doublings e -> e (e + 2). These keep the relative accuracy near zero
 * that a subtraction would lose.
 */
public final class Elu {
  private static final int CHUNK = 2_048;
  private static final float LOWEST = -40f;

  private Elu() {}

  /** Fills y. */
  public static void forward(FloatPointer x, FloatPointer y, long length) {
    Scratch.inChunks(length, CHUNK, (scratch, first, n) -> {
      float[] v = scratch.floats(0, CHUNK);
      float[] e = scratch.floats(1, CHUNK);
      scratch.view(0, x, first).get(v, 0, n);
      expMinusOneOfNegativePart(v, e, 0, n);
      addPositivePart(v, e, 0, n);
      scratch.view(0, y, first).put(e, 0, n);
    });
  }

  /** Fills y over [from, to), on the calling thread. */
  public static void forward(float[] x, float[] y, int from, int to) {
    expMinusOneOfNegativePart(x, y, from, to);
    addPositivePart(x, y, from, to);
  }

  /** Fills y on the calling thread. */
  static void forward(Scratch scratch, FloatPointer x, FloatPointer y, int length) {
    float[] v = scratch.floats(0, CHUNK);
    float[] e = scratch.floats(1, CHUNK);
    for (int first = 0; first < length; first += CHUNK) {
      int n = Math.min(CHUNK, length - first);
      scratch.view(5, x, first).get(v, 0, n);
      forward(v, e, 0, n);
      scratch.view(5, y, first).put(e, 0, n);
    }
  }

  /** Turns dL/dy into dL/dx in place, given y, on the calling thread. */
  static void scaleBySlope(Scratch scratch, FloatPointer y, FloatPointer gradient, int length) {
    float[] v = scratch.floats(0, CHUNK);
    float[] g = scratch.floats(1, CHUNK);
    for (int first = 0; first < length; first += CHUNK) {
      int n = Math.min(CHUNK, length - first);
      scratch.view(5, y, first).get(v, 0, n);
      scratch.view(5, gradient, first).get(g, 0, n);
      scaleBySlopeGiven(v, g, n);
      scratch.view(5, gradient, first).put(g, 0, n);
    }
  }

  private static void scaleBySlopeGiven(float[] y, float[] gradient, int n) {
    for (int i = 0; i < n; i++) {
      gradient[i] += gradient[i] * Math.min(y[i], 0f);
    }
  }

  /** Fills dx. */
  public static void backward(FloatPointer x, FloatPointer dy, FloatPointer dx, long length) {
    Scratch.inChunks(length, CHUNK, (scratch, first, n) -> {
      float[] v = scratch.floats(0, CHUNK);
      float[] e = scratch.floats(1, CHUNK);
      float[] gradient = scratch.floats(2, CHUNK);
      scratch.view(0, x, first).get(v, 0, n);
      scratch.view(0, dy, first).get(gradient, 0, n);
      expMinusOneOfNegativePart(v, e, 0, n);
      scaleBySlope(gradient, e, n);
      scratch.view(0, dx, first).put(gradient, 0, n);
    });
  }

  private static void expMinusOneOfNegativePart(float[] x, float[] y, int from, int to) {
    for (int i = from; i < to; i++) {
      float v = Math.max(Math.min(x[i], 0f), LOWEST) * (1f / 64f);
      float e = 1f / 720f;
      e = e * v + 1f / 120f;
      e = e * v + 1f / 24f;
      e = e * v + 1f / 6f;
      e = e * v + 0.5f;
      e = e * v + 1f;
      e *= v;
      e = e * e + 2f * e;
      e = e * e + 2f * e;
      e = e * e + 2f * e;
      e = e * e + 2f * e;
      e = e * e + 2f * e;
      e = e * e + 2f * e;
      y[i] = e;
    }
  }

  private static void addPositivePart(float[] x, float[] y, int from, int to) {
    for (int i = from; i < to; i++) {
      y[i] += Math.max(x[i], 0f);
    }
  }

  private static void scaleBySlope(float[] gradient, float[] negativePart, int n) {
    for (int i = 0; i < n; i++) {
      gradient[i] += gradient[i] * negativePart[i];
    }
  }
}
