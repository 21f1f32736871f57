package org.tarflowlm.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.backend.ForeignBackend;
import org.tarflowlm.ops.AffineOps.AffineLogDensityOp;
import org.tarflowlm.ops.AffineOps.AffineOp;
import org.tarflowlm.ops.CodebookOps.EncodeOp;
import org.tarflowlm.ops.CodebookOps.VaeTermOp;
import org.tarflowlm.ops.LinearOps.EluOp;
import org.tarflowlm.ops.MixtureCdfOps.MixtureCdfLogDensityOp;
import org.tarflowlm.ops.MixtureCdfOps.MixtureCdfOp;
import org.tarflowlm.ops.RosenblattOps.RosenblattLogDensityOp;
import org.tarflowlm.ops.RosenblattOps.RosenblattOp;

/** The CPU's backend plays one that keeps arrays outside the host's memory; the ops run on it. */
class HostMemoryTest {
  private static final int DIMS = 2;
  private static final int K = 3;

  @BeforeAll
  static void register() {
    Ops.register();
  }

  private interface Build {
    SDVariable[] outputs(SameDiff sd, Map<String, SDVariable> in);
  }

  static Stream<Arguments> ops() {
    Map<String, Build> ops = Map.of(
        "affine", (sd, in) -> new AffineOp().in(sd, in.get("z"), in.get("affine")),
        "affine density", (sd, in) -> new AffineLogDensityOp().in(sd, in.get("z"), in.get("affine")),
        "mixture CDF", (sd, in) -> new MixtureCdfOp().in(sd, in.get("z"), in.get("mixture")),
        "mixture CDF density", (sd, in) -> new MixtureCdfLogDensityOp().in(sd, in.get("z"), in.get("mixture")),
        "Rosenblatt", (sd, in) ->
            new RosenblattOp().in(sd, in.get("z"), in.get("logits"), in.get("means"), in.get("logScales")),
        "Rosenblatt density", (sd, in) ->
            new RosenblattLogDensityOp().in(sd, in.get("z"), in.get("logits"), in.get("means"), in.get("logScales")),
        "encode", (sd, in) -> new EncodeOp().in(sd, in.get("z"), in.get("means"), in.get("logScales"), in.get("ids")),
        "VAE term", (sd, in) -> new VaeTermOp().in(sd, in.get("z"), in.get("means"), in.get("logScales")));
    return ops.entrySet().stream().flatMap(op -> Stream.of(DataType.FLOAT, DataType.DOUBLE)
        .map(type -> Arguments.of(op.getKey(), type, op.getValue())));
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("ops")
  void couplingsGiveTheSameBitsOnCopies(String name, DataType type, Build build) {
    Map<String, INDArray> expected = run(type, build);
    try (ForeignBackend ignored = new ForeignBackend()) {
      assertEquals(expected, run(type, build));
    }
  }

  /** Compares outputs and gradients; z is a view that is not in C order. */
  private static Map<String, INDArray> run(DataType type, Build build) {
    Nd4j.getRandom().setSeed(5);
    SameDiff sd = SameDiff.create();
    INDArray z = Nd4j.randn(type, 3, DIMS, 2).permute(2, 0, 1);
    List<String> names = List.of("z", "affine", "mixture", "logits", "means", "logScales");
    List<INDArray> values = List.of(z, Nd4j.randn(type, 2, 3, DIMS, 2), Nd4j.randn(type, 2, 3, DIMS, 3 * K), Nd4j.randn(type, 2, 3, K),
        Nd4j.randn(type, K, DIMS), Nd4j.randn(type, K));
    Map<String, SDVariable> in = new HashMap<>();
    for (int i = 0; i < names.size(); i++) {
      in.put(names.get(i), sd.var(names.get(i), values.get(i)));
    }
    in.put("ids", sd.constant("ids", Nd4j.createFromArray(0, 2, 1, 1, 0, 2).reshape(2, 3)));
    SDVariable loss = null;
    for (SDVariable output : build.outputs(sd, in)) {
      SDVariable term = output.mul(output).sum();
      loss = loss == null ? term : loss.add(term);
    }
    loss.rename("loss");
    sd.setLossVariables("loss");
    Map<String, INDArray> results = new HashMap<>(sd.calculateGradients(Map.of(), names));
    results.values().removeIf(Objects::isNull);
    results.put("loss", sd.output(Map.of(), "loss").get("loss"));
    assertTrue(results.size() >= 2, results.toString());
    return results;
  }

  @Test
  void fusedOpsSayWhatToUseInstead() {
    SameDiff sd = SameDiff.create();
    SDVariable y = new EluOp().in(sd, sd.constant("x", Nd4j.ones(DataType.FLOAT, 2, 3)))[0];
    try (ForeignBackend ignored = new ForeignBackend()) {
      String message = assertThrows(UnsupportedOperationException.class, y::eval).getMessage();
      assertTrue(message.contains("use a graph built with KernelChoice.COMPOSED"), message);
    }
  }

  @Test
  void nothingElseLooksIntoTheHostsMemory() {
    INDArray array = Nd4j.ones(DataType.FLOAT, 2, 3);
    try (ForeignBackend ignored = new ForeignBackend()) {
      String message = assertThrows(IllegalStateException.class, () -> Tensors.floats(array)).getMessage();
      assertTrue(message.contains("host's memory"), message);
      assertEquals(3, Tensors.ints(Nd4j.createFromArray(1, 2, 3)).length);
    }
    assertEquals(1f, Tensors.floats(array).get());
  }
}
