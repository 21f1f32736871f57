package org.tarflowlm.graph;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.coupling.Errors;
import org.tarflowlm.coupling.Golden;
import org.tarflowlm.ops.AffineOps.AffineLogDensityOp;
import org.tarflowlm.ops.CodebookOps.EncodeOp;
import org.tarflowlm.ops.CodebookOps.VaeTermOp;
import org.tarflowlm.ops.MixtureCdfOps.MixtureCdfOp;
import org.tarflowlm.ops.Ops;
import org.tarflowlm.ops.RosenblattOps.RosenblattOp;

/**
 * Computes a whole ELBO from given network outputs. Patches have two tokens; the flows are Mix-d on the codebook, Mix-1 and affine, with
 * mixed channels.
 */
class GoldenStackTest {
  private static final JsonNode GOLDEN = Golden.read("stack");

  @BeforeAll
  static void register() {
    Ops.register();
  }

  @ParameterizedTest
  @EnumSource(value = DataType.class, names = {"DOUBLE", "FLOAT"})
  void everyIntermediateAndTheElboAgree(DataType type) {
    boolean single = type == DataType.FLOAT;
    int batch = size("B");
    int tokens = size("T");
    int dims = size("d");
    int positions = tokens / size("P");
    int channels = dims * size("P");
    int mixtures = size("K1");
    SameDiff sd = SameDiff.create();
    SDVariable means = sd.constant("means", array(type, input("means"), size("V"), dims));
    SDVariable logScales = sd.constant("logScales", array(type, input("log_scale"), size("V")));
    SDVariable noise = sd.constant("noise", array(type, input("noise"), batch, tokens, dims));
    int[] tokenIds = Arrays.stream(input("tokens")).mapToInt(id -> (int) id).toArray();
    SDVariable ids = sd.constant("ids", Nd4j.createFromArray(tokenIds).reshape(batch, tokens));
    SDVariable logits = sd.constant("logits", array(type, input("mixd_logits"), batch, tokens, size("V")));
    SDVariable mixtureTheta = sd.constant("mixtureTheta", array(type,
        packed(mixtures, input("mix1_logits"), input("mix1_mean"), input("mix1_log_scale")), batch, positions, channels, 3 * mixtures));
    SDVariable affineTheta = sd.constant("affineTheta", array(type,
        packed(1, input("affine_shift"), input("affine_log_scale")), batch, positions, channels, 2));

    SDVariable z = new EncodeOp().in(sd, noise, means, logScales, ids)[0];
    SDVariable vae = new VaeTermOp().in(sd, z, means, logScales)[0];
    SDVariable[] first = new RosenblattOp().in(sd, z, logits, means, logScales);
    SDVariable secondIn = FlowBlock.mixChannels(sd, first[0].reshape(batch, positions, channels), positions, channels);
    SDVariable[] second = new MixtureCdfOp().in(sd, secondIn, mixtureTheta);
    SDVariable thirdIn = FlowBlock.mixChannels(sd, second[0], positions, channels);
    SDVariable third = new AffineLogDensityOp().in(sd, thirdIn, affineTheta)[0];
    SDVariable elbo = vae.sum(1).add(first[1].sum(1)).add(second[1].sum(1, 2)).add(third.sum(1, 2));

    double close = single ? 5e-4 : 1e-10;
    Errors.relative(single ? 2e-6 : 1e-12, output("z"), value(sd, z));
    Errors.relative(close, output("vae_term"), value(sd, vae));
    Errors.relative(close, output("mixd_u"), value(sd, first[0]));
    Errors.relative(close, output("mix1_in"), value(sd, secondIn));
    Errors.relative(close, output("mix1_u"), value(sd, second[0]));
    Errors.relative(close, output("affine_in"), value(sd, thirdIn));
    double[] found = value(sd, elbo);
    Errors.relative(single ? 1e-4 : 1e-12, output("elbo_nats"), found);
    double bits = -(found[0] + found[1]) / (batch * tokens) / Math.log(2);
    assertEquals(GOLDEN.get("outputs").get("nelbo_bits_per_token").asDouble(), bits, single ? 1e-4 : 1e-10);
  }

  /** Algorithm 2 at even widths; the model allows no others. */
  @Test
  void channelMixingAgrees() {
    for (JsonNode each : Golden.read("misc").get("channel_mix")) {
      int width = each.get("D").asInt();
      double[] x = Golden.numbers(each.get("x"));
      int batch = each.get("x").size();
      int positions = x.length / batch / width;
      if (width % 2 == 0) {
        SameDiff sd = SameDiff.create();
        SDVariable input = sd.constant("x", array(DataType.DOUBLE, x, batch, positions, width));
        SDVariable mixed = FlowBlock.mixChannels(sd, input, positions, width);
        assertArrayEquals(Golden.numbers(each.get("mixed")), value(sd, mixed));
      }
    }
  }

  private static int size(String field) {
    return GOLDEN.get(field).asInt();
  }

  private static double[] input(String field) {
    return Golden.numbers(GOLDEN.get("inputs").get(field));
  }

  private static double[] output(String field) {
    return Golden.numbers(GOLDEN.get("outputs").get(field));
  }

  /** Interleaves runs of k numbers: all first parameters of a scalar, then all second ones, and so on. */
  private static double[] packed(int k, double[]... parts) {
    double[] result = new double[parts.length * parts[0].length];
    for (int scalar = 0; scalar < parts[0].length / k; scalar++) {
      for (int part = 0; part < parts.length; part++) {
        System.arraycopy(parts[part], scalar * k, result, (scalar * parts.length + part) * k, k);
      }
    }
    return result;
  }

  private static INDArray array(DataType type, double[] values, long... shape) {
    return Nd4j.createFromArray(values).reshape(shape).castTo(type);
  }

  private static double[] value(SameDiff sd, SDVariable variable) {
    return sd.outputSingle(Map.of(), variable.name()).dup('c').castTo(DataType.DOUBLE).data().asDouble();
  }
}
