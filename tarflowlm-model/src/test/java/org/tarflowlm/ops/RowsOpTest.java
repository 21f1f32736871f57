package org.tarflowlm.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.common.util.ArrayUtil;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.tarflowlm.coupling.MixtureCdf;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.ops.AffineOps.AffineLogDensityOp;
import org.tarflowlm.ops.AffineOps.AffineOp;
import org.tarflowlm.ops.AffineOps.BoundLogScalesOp;
import org.tarflowlm.ops.CodebookOps.EncodeOp;
import org.tarflowlm.ops.MixtureCdfOps.MixtureCdfLogDensityOp;
import org.tarflowlm.ops.MixtureCdfOps.MixtureCdfOp;
import org.tarflowlm.ops.RosenblattOps.RosenblattLogDensityOp;
import org.tarflowlm.ops.RosenblattOps.RosenblattOp;

/** The coupling ops go through arrays in many blocks and views, repeat sums bit for bit, and name errors. */
class RowsOpTest {
  private static final int BATCH = 7;
  private static final int TIME = 61;
  private static final int D = 3;
  private static final int K = 11;

  @BeforeAll
  static void register() {
    Ops.register();
  }

  private static INDArray random(int seed, long... shape) {
    double[] values = new Random(seed).doubles(ArrayUtil.prodLong(shape), -2, 2).toArray();
    return Nd4j.createFromArray(values).reshape(shape);
  }

  @Test
  void everyRowOfManyBlocksIsComputed() {
    INDArray z = random(1, BATCH, TIME, D);
    INDArray theta = random(2, BATCH, TIME, D, 3 * K);
    INDArray[] result = new MixtureCdfOp().execute(z, theta);
    double[] scalars = z.data().asDouble();
    double[] parameters = theta.data().asDouble();
    Workspace w = new Workspace();
    for (int i = 0; i < scalars.length; i++) {
      assertEquals(MixtureCdf.forward(scalars[i], parameters, i * 3 * K, K, w), result[0].data().getDouble(i));
      assertEquals(w.logDet(), result[1].data().getDouble(i));
    }
  }

  @Test
  void viewsGiveWhatTheirCopiesGive() {
    INDArray z = random(1, D, TIME, BATCH).permute(2, 1, 0);
    INDArray theta = random(2, BATCH, TIME, D, 4 * K).get(
        NDArrayIndex.all(), NDArrayIndex.all(),
        NDArrayIndex.all(), NDArrayIndex.interval(K, 4 * K));
    INDArray fromViews = new MixtureCdfOp().execute(z, theta)[0];
    INDArray fromCopies = new MixtureCdfOp().execute(z.dup('c'), theta.dup('c'))[0];
    assertEquals(fromCopies, fromViews);
    assertTrue(Tensors.isDense(random(3, 8, 1, 2)));
  }

  @ParameterizedTest
  @EnumSource(value = DataType.class, names = {"FLOAT", "DOUBLE"})
  void sharedGradientsRepeatBitForBit(DataType type) {
    double[] first = sharedGradient(type, K, 0);
    for (int i = 0; i < 5; i++) {
      assertArrayEquals(first, sharedGradient(type, K, 0));
    }
  }

  /** With so many narrow components, the op evaluates only those near each row. */
  @Test
  void sharedGradientsOfManyComponentsRepeatBitForBit() {
    double[] first = sharedGradient(DataType.FLOAT, 2_100, -2);
    assertArrayEquals(first, sharedGradient(DataType.FLOAT, 2_100, -2));
  }

  /** d sum(u) / d means of the Rosenblatt map over 427 rows. */
  private static double[] sharedGradient(DataType type, int k, double logScale) {
    SameDiff sd = SameDiff.create();
    SDVariable means = sd.var("means", random(3, k, D).castTo(type));
    SDVariable[] outputs = new RosenblattOp().in(sd, sd.constant(random(1, BATCH, TIME, D).castTo(type)),
        sd.constant(random(2, BATCH, TIME, k).castTo(type)), means, sd.constant(random(4, k).muli(0.2).addi(logScale).castTo(type)));
    outputs[0].sum().markAsLoss(); // the second output gets no gradient
    return sd.calculateGradients(Map.of(), "means").get("means").dup('c').data().asDouble();
  }

  /** The gradients of the log-density ops equal the combined gradients of the forward op's u and log-determinant. */
  @Test
  void logDensityGradientsAgreeWithTheForwardOps() {
    for (String op : new String[] {"mixture", "rosenblatt", "affine"}) {
      double[][] composed = logDensityGradients(op, true);
      double[][] direct = logDensityGradients(op, false);
      for (int i = 0; i < direct.length; i++) {
        assertArrayEquals(composed[i], direct[i], 1e-9, op);
      }
    }
  }

  private static double[][] logDensityGradients(String op, boolean composed) {
    SameDiff sd = SameDiff.create();
    SDVariable z = sd.var("z", random(1, BATCH, TIME, D));
    SDVariable theta = sd.var("theta", random(2, BATCH, TIME, D, op.equals("affine") ? 2 : 3 * K));
    SDVariable logits = sd.var("logits", random(5, BATCH, TIME, K));
    SDVariable means = sd.var("means", random(3, K, D));
    SDVariable logScales = sd.var("logScales", random(4, K).muli(0.2));
    SDVariable[] forward;
    SDVariable logDensity;
    String[] names;
    switch (op) {
      case "mixture" -> {
        forward = new MixtureCdfOp().in(sd, z, theta);
        logDensity = new MixtureCdfLogDensityOp().in(sd, z, theta)[0];
        names = new String[] {"z", "theta"};
      }
      case "affine" -> {
        forward = new AffineOp().in(sd, z, theta);
        logDensity = new AffineLogDensityOp().in(sd, z, theta)[0];
        names = new String[] {"z", "theta"};
      }
      default -> {
        forward = new RosenblattOp().in(sd, z, logits, means, logScales);
        logDensity = new RosenblattLogDensityOp().in(sd, z, logits, means, logScales)[0];
        names = new String[] {"z", "logits", "means", "logScales"};
      }
    }
    SDVariable base = forward[0].mul(forward[0]).sum().mul(-0.5);
    (composed ? base.add(forward[1].sum()) : logDensity.sum()).markAsLoss();
    Map<String, INDArray> gradients = sd.calculateGradients(Map.of(), names);
    double[][] result = new double[names.length][];
    for (int i = 0; i < names.length; i++) {
      result[i] = gradients.get(names[i]).dup('c').data().asDouble();
    }
    return result;
  }

  @ParameterizedTest
  @EnumSource(names = {"DOUBLE", "FLOAT"})
  void boundedLogScalesAndTheirGradient(DataType type) {
    SameDiff sd = SameDiff.create();
    INDArray values = random(1, BATCH, TIME, D * 3 * K).muli(4);
    SDVariable raw = sd.var("raw", values.castTo(type));
    SDVariable theta = new BoundLogScalesOp(3 * K, K, 2.5).in(sd, raw)[0];
    INDArray result = theta.eval().dup('c');
    assertArrayEquals(new long[] {BATCH, TIME, D, 3 * K}, result.shape());
    theta.mul(theta).sum().markAsLoss();
    INDArray gradient = sd.calculateGradients(Map.of(), "raw").get("raw").dup('c');
    double tolerance = type == DataType.DOUBLE ? 1e-14 : 1e-6;
    for (int i = 0; i < values.length(); i++) {
      double x = values.data().getDouble(i);
      boolean logScale = i % (3 * K) >= 2 * K;
      double tanh = Math.tanh(x / 2.5);
      double expected = logScale ? 2.5 * tanh : x;
      assertEquals(expected, result.data().getDouble(i), tolerance * Math.max(1, Math.abs(x)));
      assertEquals(2 * expected * (logScale ? 1 - tanh * tanh : 1), gradient.data().getDouble(i), 100 * tolerance);
    }
  }

  @Test
  void wrongShapesAreNamed() {
    INDArray z = random(1, 2, D);
    assertMessage("tarflow_mixture_cdf: shape of theta is [2, 3, 4]; expected [2, 3] with one more dimension, a multiple of 3",
        () -> new MixtureCdfOp().execute(z, random(2, 2, D, 4)));
    assertMessage("tarflow_rosenblatt: shape of component means is [5, 2]; expected [K, 3]",
        () -> new RosenblattOp().execute(z, random(2, 2, 5), random(3, 5, 2), random(4, 5)));
    assertMessage("tarflow_rosenblatt: shape of logits is [2, 4]; expected [2, 5]",
        () -> new RosenblattOp().execute(z, random(2, 2, 4), random(3, 5, D), random(4, 5)));
    assertMessage("tarflow_encode: token id is 5; expected 0 to 4",
        () -> new EncodeOp().execute(z, random(3, 5, D), random(4, 5), Nd4j.createFromArray(4, 5)));
    assertMessage("tarflow_bound_log_scales: bound is 0.0; expected at least 0.000001",
        () -> new BoundLogScalesOp(2, 1, 0.0));
    assertMessage("tarflow_bound_log_scales: raw has 7 numbers, 6 per scalar, of which 2 are log-scales; expected a multiple of 6, and no "
        + "more log-scales than numbers", () -> new BoundLogScalesOp(6, 2, 1.0).execute(random(2, 4, 7)));
  }

  private static void assertMessage(String message, Executable executable) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, executable).getMessage());
  }

  /** Otherwise it would return zeros. */
  @Test
  void nd4jExecIsRefused() {
    MixtureCdfOp op = new MixtureCdfOp();
    op.addInputArgument(random(1, D), random(2, D, 3 * K));
    Throwable thrown = assertThrows(RuntimeException.class, () -> Nd4j.exec(op));
    while (thrown.getCause() != null) {
      thrown = thrown.getCause();
    }
    assertEquals("tarflow_mixture_cdf: call execute(), Nd4j.exec cannot run it", thrown.getMessage());
  }
}
