package org.tarflowlm.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Random;
import org.bytedeco.javacpp.FloatPointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.batch.BatchWorkspace;
import org.tarflowlm.coupling.batch.CodebookBatch;
import org.tarflowlm.coupling.batch.MixtureCdfBatch;
import org.tarflowlm.coupling.batch.MixtureRosenblattBatch;
import org.tarflowlm.coupling.batch.SavedNumbers;

/**
 * However sharp attention and mixtures are, no kernel hands on numbers below the smallest normal one, 1.2e-38. An Intel processor takes
 * over a hundred cycles for an instruction that meets them: feed-forward steps took twelve times as long, Mix-1 heads five times.
 */
class SubnormalNumbersTest {
  private static final float GRADIENT = 1e-4f;

  private final Random random = new Random(1);

  @ParameterizedTest
  @ValueSource(floats = {1, 4, 6, 10})
  void attention(float scale) {
    int numbers = 2 * 64 * 32;
    FloatPointer qkv = gaussian(3 * numbers, scale);
    FloatPointer out = gaussian(numbers, 0);
    FloatPointer logSums = gaussian(2 * 2 * 64, 0);
    FloatPointer gradient = gaussian(3 * numbers, 0);
    CausalAttention.forward(qkv, out, logSums, 2, 64, 32, 2);
    CausalAttention.backward(qkv, logSums, gaussian(numbers, GRADIENT), gradient, 2, 64, 32, 2);
    assertNormal("out", out, numbers);
    assertNormal("dQkv", gradient, 3 * numbers);
  }

  @ParameterizedTest
  @ValueSource(floats = {1, 5, 10, 20})
  void feedForward(float scale) {
    FloatPointer x = gaussian(64 * 16, scale);
    FloatPointer up = gaussian(16 * 64, 1);
    FloatPointer down = gaussian(64 * 16, 1);
    FloatPointer y = gaussian(64 * 16, 0);
    FloatPointer pre = gaussian(64 * 64, 0);
    FloatPointer dx = gaussian(64 * 16, 0);
    FloatPointer dUp = gaussian(16 * 64, 0);
    FloatPointer dBias = gaussian(64, 0);
    FeedForward.forward(x, up, gaussian(64, 1), down, gaussian(16, 1), x, y, pre, 64, 16, 64);
    FeedForward.backward(x, up, gaussian(64, 1), down, pre, gaussian(64 * 16, GRADIENT), dx, dUp, dBias, gaussian(64 * 16, 0),
        gaussian(16, 0), 64, 16, 64);
    assertNormal("y", y, 64 * 16);
    assertNormal("dx", dx, 64 * 16);
    assertNormal("dUp", dUp, 16 * 64);
    assertNormal("dBias", dBias, 64);
  }

  @ParameterizedTest
  @ValueSource(floats = {1, 10, 30, 60})
  void crossEntropy(float scale) {
    FloatPointer logits = gaussian(64 * 27, scale);
    FloatPointer gradient = gaussian(64 * 27, 0);
    CrossEntropy.backward(logits, random.ints(64, 0, 27).toArray(), gaussian(64, GRADIENT), gradient, 64, 27);
    assertNormal("dLogits", gradient, 64 * 27);
  }

  /** The row of a token that does not appear again: its averages decay for ever. */
  @Test
  void adam() {
    FloatPointer m = gaussian(1_000, 1e-37f);
    FloatPointer v = gaussian(1_000, 0);
    FloatPointer g = gaussian(1_000, 1e-20f);
    AdamUpdate.step(gaussian(1_000, 1), g, m, v, 1, 1, AdamUpdate.Coefficients.of(1e-3, 0.9, 0.999, 1e-8, 1_000),
        new AdamUpdate.Decays(new long[] {1_000}, new float[] {0}));
    assertNormal("m", m, 1_000);
    assertNormal("v", v, 1_000);
    assertNormal("update", g, 1_000);
  }

  /** With a gap, the logits of two tokens in three lie that far below the others, as a flow's do that knows a token's group. */
  @ParameterizedTest
  @CsvSource({"1, 0", "0.3, 0", "0.1, 0", "0.03, 0", "0.004, 0", "1, 90", "0.1, 90", "0.1, 800", "0.004, 800"})
  void mixtures(double sigma, float gap) {
    int n = 256;
    int k = 27;
    int dims = 3;
    double[] means = random.doubles((long) k * dims, -2, 2).toArray();
    double[] logScales = new double[k];
    Arrays.fill(logScales, Math.log(sigma));
    Components components = new Components(means, logScales, k, dims);
    float[] z = new float[n * dims];
    float[] theta = new float[n * dims * 3 * k];
    float[] logits = new float[n * k];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < k; j++) {
        logits[i * k + j] = (float) (3 * random.nextGaussian()) - (j % 3 == i % 3 ? 0 : gap);
      }
      for (int d = 0; d < dims; d++) {
        z[i * dims + d] = (float) (means[i % k * dims + d] + sigma * random.nextGaussian());
        int at = (i * dims + d) * 3 * k;
        for (int j = 0; j < k; j++) {
          theta[at + j] = logits[i * k + j];
          theta[at + k + j] = (float) means[j * dims + d];
          theta[at + 2 * k + j] = (float) logScales[j];
        }
      }
    }
    float[] upstream = new float[n * dims];
    Arrays.fill(upstream, GRADIENT);
    float[] dz = new float[n * dims];
    float[] dTheta = new float[theta.length];
    float[] dLogits = new float[n * k];
    float[] u = new float[n * dims];
    float[] logDet = new float[n * dims];
    BatchWorkspace w = new BatchWorkspace();
    Saved saved = new Saved();
    MixtureCdfBatch.forward(z, theta, n * dims, k, u, logDet, saved, w);
    MixtureCdfBatch.gradient(saved, upstream, upstream, n * dims, k, dz, dTheta, w);
    assertNormal("Mix-1", dz);
    assertNormal("Mix-1", dTheta);
    MixtureCdfBatch.logDensity(z, theta, n * dims, k, logDet, saved, w);
    MixtureCdfBatch.logDensityGradient(saved, upstream, n * dims, k, dz, dTheta, w);
    assertNormal("Mix-1's density", dz);
    assertNormal("Mix-1's density", dTheta);
    double[] ofMeans = new double[k * dims];
    double[] ofScales = new double[k];
    MixtureRosenblattBatch.gradient(z, logits, 0, n, components, upstream, upstream, dz, dLogits, ofMeans, ofScales, w);
    assertNormal("Mix-d", dz);
    assertNormal("Mix-d", dLogits);
    MixtureRosenblattBatch.logDensityGradient(z, logits, n, components, upstream, dz, dLogits, ofMeans, ofScales, w);
    assertNormal("Mix-d's density", dz);
    assertNormal("Mix-d's density", dLogits);
    CodebookBatch.vaeTermGradient(z, n, components, upstream, dz, ofMeans, ofScales, w);
    assertNormal("codebook", dz);
  }

  private FloatPointer gaussian(int length, float scale) {
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = scale * (float) random.nextGaussian();
    }
    return new FloatPointer(values);
  }

  private static void assertNormal(String name, FloatPointer values, int length) {
    float[] copy = new float[length];
    values.get(copy);
    assertNormal(name, copy);
  }

  private static void assertNormal(String name, float[] values) {
    int subnormal = 0;
    for (float each : values) {
      subnormal += each != 0 && Math.abs(each) < Float.MIN_NORMAL ? 1 : 0;
    }
    assertEquals(0, subnormal, name + ": subnormal numbers of " + values.length);
  }

  /** Numbers in the order in which they were saved. */
  private static final class Saved implements SavedNumbers {
    private final float[] numbers = new float[1 << 20];
    private int written;
    private int read;

    @Override
    public void write(float[] source, int count) {
      System.arraycopy(source, 0, numbers, written, count);
      written += count;
    }

    @Override
    public void read(float[] target, int count) {
      System.arraycopy(numbers, read, target, 0, count);
      read += count;
    }
  }
}
