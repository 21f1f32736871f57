package org.tarflowlm.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.ops.LinearOps.FeedForwardOp;
import org.tarflowlm.ops.LinearOps.LinearOp;
import org.tarflowlm.ops.LinearOps.LinearResidualOp;
import org.tarflowlm.ops.LinearOps.MatmulOp;
import org.tarflowlm.ops.TransformerOps.CausalAttentionOp;
import org.tarflowlm.ops.TransformerOps.CrossEntropyOp;
import org.tarflowlm.ops.TransformerOps.EmbeddingOp;
import org.tarflowlm.ops.TransformerOps.LayerNormOp;
import org.tarflowlm.ops.TransformerOps.ShiftPositionOp;

/**
 * One SameDiff graph, a one-block language model, connects the transformer ops. Its gradients equal finite differences of the same model,
 * composed of stock ops in double precision.
 */
class TransformerOpsTest {
  private static final int BATCH = 2;
  private static final int TIME = 6;
  private static final int MAX_TIME = 9;
  private static final int WIDTH = 8;
  private static final int HEADS = 2;
  private static final int VOCABULARY = 11;

  private final Map<String, INDArray> parameters = parameters();
  private final INDArray ids = Nd4j.createFromArray(new int[][] {{1, 5, 0, 10, 5, 5}, {3, 2, 2, 7, 9, 0}});

  @BeforeAll
  static void register() {
    Ops.register();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void gradientsOfAGraphOfFusedOpsAreThoseOfTheComposedModel(boolean inOneOp) {
    SameDiff fused = fusedModel(inOneOp);
    SameDiff composed = composedModel();
    Map<String, INDArray> feed = Map.of("ids", ids);
    assertEquals(composed.output(feed, "loss").get("loss").getDouble(0), fused.output(feed, "loss").get("loss").getDouble(0), 1e-5);

    Map<String, INDArray> expected = composed.calculateGradients(feed, parameters.keySet());
    Map<String, INDArray> found = fused.calculateGradients(feed, parameters.keySet());
    for (String name : parameters.keySet()) {
      assertArrayEquals(expected.get(name).shape(), found.get(name).shape(), name);
      double scale = Math.max(1e-2, expected.get(name).amaxNumber().doubleValue());
      double error = expected.get(name).sub(found.get(name).castTo(DataType.DOUBLE)).amaxNumber().doubleValue();
      assertTrue(error <= 1e-5 * scale, () -> name + ": gradient differs by " + error + " of " + scale);
    }
  }

  @Test
  void gradientsRepeatBitForBit() {
    SameDiff fused = fusedModel(true);
    Map<String, INDArray> feed = Map.of("ids", ids);
    Map<String, INDArray> first = new LinkedHashMap<>();
    fused.calculateGradients(feed, parameters.keySet()).forEach((name, gradient) -> first.put(name, gradient.dup()));
    Map<String, INDArray> second = fusedModel(true).calculateGradients(feed, parameters.keySet());
    for (String name : parameters.keySet()) {
      assertArrayEquals(first.get(name).data().asFloat(), second.get(name).data().asFloat(), name);
    }
  }

  @Test
  void viewsAreRead() {
    SameDiff sd = SameDiff.create();
    SDVariable x = sd.var("x", Nd4j.rand(DataType.FLOAT, 5, 4));
    SDVariable w = sd.var("w", Nd4j.rand(DataType.FLOAT, 5, 3));
    SDVariable y = new MatmulOp().in(sd, sd.permute(x, 1, 0), w)[0];
    INDArray expected = x.getArr().transpose().mmul(w.getArr());
    assertTrue(expected.equalsWithEps(y.eval(), 1e-5));
  }

  @Test
  void twoDimensionalInputsAreRows() {
    SameDiff sd = SameDiff.create();
    SDVariable x = sd.var("x", Nd4j.rand(DataType.FLOAT, 5, 4));
    SDVariable w = sd.var("w", Nd4j.rand(DataType.FLOAT, 4, 3));
    SDVariable b = sd.var("b", Nd4j.rand(DataType.FLOAT, 3));
    INDArray expected = x.getArr().mmul(w.getArr()).addRowVector(b.getArr());
    assertTrue(expected.equalsWithEps(new LinearOp().in(sd, x, w, b)[0].eval(), 1e-5));
  }

  @Test
  void wrongInputsAreNamed() {
    SameDiff sd = SameDiff.create();
    SDVariable x = sd.var("x", Nd4j.rand(DataType.FLOAT, 2, 5, 4));
    SDVariable w = sd.var("w", Nd4j.rand(DataType.FLOAT, 3, 3));
    SDVariable ids = sd.constant("ids", Nd4j.createFromArray(0, 3));
    assertMessage("shape of weight is [3, 3]; expected [4, 3]", new MatmulOp().in(sd, x, w)[0]);
    assertMessage("4 wide; expected a multiple of 3 x 2 heads", new CausalAttentionOp(2).in(sd, x)[0]);
    assertMessage("token id at index 1 is 3; expected 0 to 2", new EmbeddingOp().in(sd, w, ids)[0]);
    assertMessage("input 1 is DOUBLE; expected FLOAT",
        new MatmulOp().in(sd, w, sd.constant(Nd4j.eye(3).castTo(DataType.DOUBLE)))[0]);
  }

  private static void assertMessage(String expected, SDVariable variable) {
    Throwable thrown = assertThrows(RuntimeException.class, variable::eval);
    while (thrown != null && (thrown.getMessage() == null || !thrown.getMessage().contains(expected))) {
      thrown = thrown.getCause();
    }
    assertTrue(thrown != null, () -> "no exception in the chain says: " + expected);
  }

  /** Builds the block's feed-forward half of one op or of three. */
  private SameDiff fusedModel(boolean inOneOp) {
    SameDiff sd = SameDiff.create();
    Map<String, SDVariable> p = variables(sd, DataType.FLOAT);
    SDVariable x = sd.placeHolder("ids", DataType.INT32, BATCH, TIME);
    SDVariable e = new EmbeddingOp().in(sd, p.get("table"), x)[0];
    SDVariable h = new ShiftPositionOp().in(sd, e, p.get("start"), p.get("position"))[0];
    SDVariable n = new LayerNormOp().in(sd, h, p.get("gain1"), p.get("shift1"))[0];
    SDVariable qkv = new LinearOp().in(sd, n, p.get("qkvW"), p.get("qkvB"))[0];
    SDVariable a = new CausalAttentionOp(HEADS).in(sd, qkv)[0];
    h = new LinearResidualOp().in(sd, a, p.get("projW"), p.get("projB"), h)[0];
    n = new LayerNormOp().in(sd, h, p.get("gain2"), p.get("shift2"))[0];
    h = inOneOp
        ? new FeedForwardOp().in(sd, n, p.get("upW"), p.get("upB"), p.get("downW"), p.get("downB"), h)[0]
        : new LinearResidualOp().in(sd, gelu(sd, new MatmulOp().in(sd, n, p.get("upW"))[0].add(p.get("upB"))),
            p.get("downW"), p.get("downB"), h)[0];
    SDVariable logits = new LinearOp().in(sd, h, p.get("headW"), p.get("headB"))[0];
    sd.mean("loss", new CrossEntropyOp().in(sd, logits, x)[0]);
    sd.setLossVariables("loss");
    return sd;
  }

  private static SDVariable gelu(SameDiff sd, SDVariable x) {
    return x.mul(sd.math().erf(x.mul(Math.sqrt(0.5))).add(1.0)).mul(0.5);
  }

  private SameDiff composedModel() {
    SameDiff sd = SameDiff.create();
    Map<String, SDVariable> p = variables(sd, DataType.DOUBLE);
    SDVariable x = sd.placeHolder("ids", DataType.INT32, BATCH, TIME);
    SDVariable oneHot = sd.reshape(sd.oneHot(x, VOCABULARY, -1, 1, 0, DataType.DOUBLE), BATCH * TIME, VOCABULARY);
    int rows = BATCH * TIME;
    double[][] shift = new double[rows][rows];
    double[][] select = new double[rows][MAX_TIME];
    double[][] first = new double[rows][1];
    for (int i = 0; i < rows; i++) {
      select[i][i % TIME] = 1;
      if (i % TIME == 0) {
        first[i][0] = 1;
      } else {
        shift[i][i - 1] = 1;
      }
    }
    SDVariable h = sd.constant(Nd4j.createFromArray(shift)).mmul(oneHot.mmul(p.get("table")))
        .add(sd.constant(Nd4j.createFromArray(first)).mmul(sd.reshape(p.get("start"), 1, WIDTH)))
        .add(sd.constant(Nd4j.createFromArray(select)).mmul(p.get("position")));
    SDVariable qkv = norm(sd, h, p.get("gain1"), p.get("shift1")).mmul(p.get("qkvW")).add(p.get("qkvB"));
    h = h.add(attention(sd, qkv).mmul(p.get("projW")).add(p.get("projB")));
    SDVariable up = norm(sd, h, p.get("gain2"), p.get("shift2")).mmul(p.get("upW")).add(p.get("upB"));
    SDVariable gelu = up.mul(sd.math().erf(up.div(Math.sqrt(2))).add(1).mul(0.5));
    h = h.add(gelu.mmul(p.get("downW")).add(p.get("downB")));
    SDVariable logits = h.mmul(p.get("headW")).add(p.get("headB"));
    sd.mean("loss", sd.nn().logSoftmax(logits).mul(oneHot).sum(1).neg());
    sd.setLossVariables("loss");
    return sd;
  }

  private static SDVariable norm(SameDiff sd, SDVariable x, SDVariable gain, SDVariable shift) {
    SDVariable centred = x.sub(x.mean(true, 1));
    SDVariable deviation = sd.math().sqrt(sd.math().square(centred).mean(true, 1).add(1e-5));
    return centred.div(deviation).mul(gain).add(shift);
  }

  private static SDVariable attention(SameDiff sd, SDVariable qkv) {
    int head = WIDTH / HEADS;
    double[][] mask = new double[TIME][TIME];
    for (int i = 0; i < TIME; i++) {
      Arrays.fill(mask[i], i + 1, TIME, -1e9);
    }
    SDVariable[] parts = new SDVariable[3];
    for (int i = 0; i < 3; i++) {
      SDVariable all = sd.permute(sd.reshape(qkv, BATCH, TIME, 3, HEADS, head), 2, 0, 3, 1, 4);
      SDVariable one = sd.constant(Nd4j.zeros(DataType.DOUBLE, 1, 3).putScalar(i, 1)).mmul(
          sd.reshape(all, 3, BATCH * HEADS * TIME * head));
      parts[i] = sd.reshape(one, BATCH, HEADS, TIME, head);
    }
    SDVariable scores = sd.mmul(parts[0], sd.permute(parts[1], 0, 1, 3, 2)).div(Math.sqrt(head))
        .add(sd.constant(Nd4j.createFromArray(mask)));
    SDVariable out = sd.mmul(sd.nn().softmax(scores, -1), parts[2]);
    return sd.reshape(sd.permute(out, 0, 2, 1, 3), BATCH * TIME, WIDTH);
  }

  private Map<String, SDVariable> variables(SameDiff sd, DataType type) {
    Map<String, SDVariable> result = new LinkedHashMap<>();
    parameters.forEach((name, value) -> result.put(name, sd.var(name, value.castTo(type))));
    return result;
  }

  private static Map<String, INDArray> parameters() {
    Map<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put("table", new long[] {VOCABULARY, WIDTH});
    shapes.put("start", new long[] {WIDTH});
    shapes.put("position", new long[] {MAX_TIME, WIDTH});
    for (String i : new String[] {"1", "2"}) {
      shapes.put("gain" + i, new long[] {WIDTH});
      shapes.put("shift" + i, new long[] {WIDTH});
    }
    linear(shapes, "qkv", WIDTH, 3 * WIDTH);
    linear(shapes, "proj", WIDTH, WIDTH);
    linear(shapes, "up", WIDTH, 4 * WIDTH);
    linear(shapes, "down", 4 * WIDTH, WIDTH);
    linear(shapes, "head", WIDTH, VOCABULARY);
    java.util.Random random = new java.util.Random(3);
    Map<String, INDArray> result = new LinkedHashMap<>();
    shapes.forEach((name, shape) -> {
      int length = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
      float[] values = new float[length];
      for (int i = 0; i < length; i++) {
        values[i] = (float) (0.5 * random.nextGaussian());
      }
      result.put(name, Nd4j.create(values, shape, 'c'));
    });
    return result;
  }

  private static void linear(Map<String, long[]> shapes, String name, int in, int out) {
    shapes.put(name + "W", new long[] {in, out});
    shapes.put(name + "B", new long[] {out});
  }
}
