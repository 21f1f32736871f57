package org.tarflowlm.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.BlockMask;
import org.tarflowlm.ops.MaskedLinearOps.MaskedInputsOp;
import org.tarflowlm.ops.MaskedLinearOps.MaskedLinearOp;
import org.tarflowlm.ops.MaskedLinearOps.MaskedResidualOp;

/** The ops of a masked head give what stock ops in double precision give, and so do their gradients. */
class MaskedLinearOpsTest {
  private static final int BATCH = 3;
  private static final int TIME = 67;

  @BeforeAll
  static void register() {
    Ops.register();
  }

  /** A model in either precision. */
  private interface Model {
    SDVariable build(SameDiff sd, Map<String, SDVariable> in, boolean fused);
  }

  @ParameterizedTest
  @CsvSource({"5, 64, 5, 81, true", "4, 18, 5, 64, false", "5, 64, 5, 2, true", "3, 5, 3, 7, false", "1, 4, 1, 6, true",
      "7, 50, 7, 40, true"})
  void equalStockOps(int sources, int perSource, int targets, int perTarget, boolean same) {
    BlockMask mask = new BlockMask(sources, perSource, targets, perTarget, same);
    INDArray shown = Nd4j.zeros(DataType.DOUBLE, mask.in(), mask.out());
    for (int row = 0; row < mask.in(); row++) {
      for (int column = 0; column < mask.out(); column++) {
        int source = row / perSource;
        int target = column / perTarget;
        shown.putScalar(row, column, source < target || same && source == target ? 1 : 0);
      }
    }
    Map<String, INDArray> values = new LinkedHashMap<>();
    values.put("x", random(1, BATCH, TIME, mask.in()));
    values.put("weight", random(2, mask.in(), mask.out()));
    values.put("bias", random(3, mask.out()));
    values.put("residual", random(4, BATCH, TIME, mask.out()));
    check(values, (sd, in, fused) -> fused ? new MaskedLinearOp(mask).in(sd, in.get("x"), in.get("weight"), in.get("bias"))[0]
        : product(sd, in, shown).add(in.get("bias")), List.of("x", "weight", "bias"));
    check(values, (sd, in, fused) -> fused ? new MaskedResidualOp(mask).in(sd, in.get("x"), in.get("weight"), in.get("residual"))[0]
        : product(sd, in, shown).add(in.get("residual")), List.of("x", "weight", "residual"));
  }

  private static SDVariable product(SameDiff sd, Map<String, SDVariable> in, INDArray shown) {
    SDVariable rows = sd.nn().elu(in.get("x")).reshape(BATCH * TIME, shown.size(0));
    return rows.mmul(in.get("weight").mul(sd.constant(shown))).reshape(BATCH, TIME, shown.size(1));
  }

  @Test
  void inputsEqualStockOps() {
    int channels = 4;
    INDArray copies = Nd4j.zeros(DataType.DOUBLE, 3, channels, channels - 1);
    for (int j = 0; j < channels - 1; j++) {
      for (int i = 0; i < 3; i++) {
        copies.putScalar(i, j, j, i == 2 ? -1 : 1);
      }
    }
    check(Map.of("x", random(5, 300, channels)), (sd, in, fused) -> {
      if (fused) {
        return new MaskedInputsOp().in(sd, in.get("x"))[0];
      }
      SDVariable[] parts = new SDVariable[3];
      for (int i = 0; i < 3; i++) {
        SDVariable part = in.get("x").mmul(sd.constant(copies.slice(i).dup()));
        parts[i] = (i == 0 ? part : sd.nn().elu(part)).reshape(300, channels - 1, 1);
      }
      return sd.concat(2, parts).reshape(300, 3 * (channels - 1));
    }, List.of("x"));
  }

  private static void check(Map<String, INDArray> values, Model model, List<String> names) {
    Map<String, double[]> expected = run(values, model, names, DataType.DOUBLE);
    Map<String, double[]> found = run(values, model, names, DataType.FLOAT);
    assertEquals(expected.keySet(), found.keySet());
    expected.forEach((name, numbers) -> {
      double scale = 1;
      for (double number : numbers) {
        scale = Math.max(scale, Math.abs(number));
      }
      assertArrayEquals(numbers, found.get(name), 3e-6 * scale, name);
    });
  }

  private static Map<String, double[]> run(Map<String, INDArray> values, Model model, List<String> names, DataType type) {
    SameDiff sd = SameDiff.create();
    Map<String, SDVariable> in = new LinkedHashMap<>();
    names.forEach(name -> in.put(name, sd.var(name, values.get(name).castTo(type))));
    SDVariable y = model.build(sd, in, type == DataType.FLOAT);
    Map<String, double[]> result = new LinkedHashMap<>();
    INDArray output = y.eval().dup('c').castTo(DataType.DOUBLE);
    result.put("y", output.data().asDouble());
    y.mul(sd.constant(random(9, output.shape()).castTo(type))).sum().markAsLoss();
    sd.calculateGradients(Map.of(), names)
        .forEach((name, gradient) -> result.put(name, gradient.castTo(DataType.DOUBLE).dup('c').data().asDouble()));
    return result;
  }

  private static INDArray random(int seed, long... shape) {
    Nd4j.getRandom().setSeed(seed);
    return Nd4j.randn(DataType.DOUBLE, shape);
  }
}
