package org.tarflowlm.coupling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs in a JVM with the Vector API, beside {@link MixtureCdfLanesTest}, which there tests these loops against the scalar code. */
class MixtureVectorsTest {
  @Test
  void theModuleIsThereAndUsed() {
    assertNotNull(new LaneWorkspace().loops);
    assertNull(new LaneWorkspace(null).loops);
  }

  /** Numbers of rows that do and do not fill vectors, and blocks. */
  @ParameterizedTest
  @CsvSource({"1, 27", "16, 27", "17, 3", "151, 27", "160, 27", "1000, 2", "40, 300"})
  void bothKindsOfLoopsAgree(int n, int k) {
    Random random = new Random(n + k);
    float[] z = new float[n];
    float[] b = new float[n];
    float[] theta = new float[3 * k * n];
    for (int i = 0; i < n; i++) {
      z[i] = (float) random.nextGaussian();
      b[i] = (float) random.nextGaussian();
    }
    for (int i = 0; i < theta.length; i++) {
      theta[i] = (float) random.nextGaussian() / 2;
    }
    float[][] results = {results(z, theta, b, n, k, new LaneWorkspace(null)), results(z, theta, b, n, k, new LaneWorkspace())};
    for (int i = 0; i < results[0].length; i++) {
      assertEquals(results[0][i], results[1][i], 2e-5f * Math.max(1, Math.abs(results[0][i])), "number " + i);
    }
  }

  private static float[] results(float[] z, float[] theta, float[] b, int n, int k, LaneWorkspace w) {
    float[] u = new float[n];
    float[] logDet = new float[n];
    float[] saved = new float[n * MixtureCdfLanes.savedWidth(k)];
    float[] dz = new float[n];
    float[] dTheta = new float[3 * k * n];
    float[] all = new float[5 * n + 6 * k * n];
    MixtureCdfLanes.forward(z, theta, n, k, u, logDet, saved, w);
    MixtureCdfLanes.gradient(saved, z, b, n, k, dz, dTheta, w);
    int at = append(all, 0, u, logDet, dz, dTheta);
    MixtureCdfLanes.logDensity(z, theta, n, k, u, saved, w);
    MixtureCdfLanes.logDensityGradient(saved, b, n, k, dz, dTheta, w);
    append(all, at, u, dz, dTheta);
    return all;
  }

  private static int append(float[] all, int at, float[]... parts) {
    for (float[] part : parts) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return at;
  }
}
