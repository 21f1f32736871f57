package org.tarflowlm.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.BaseListener;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.ChannelDirection;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.graph.KernelChoice;
import org.tarflowlm.nn.OptimizerSpec;
import org.tarflowlm.nn.TarFlowNetwork;

/**
 * Digests of the output of each op in the composed graph, forward and backward, for a fixed batch of two tiny models. A digest has three
 * numbers: the sum of absolute values, the sum, and a weighted sum, which a permutation would change. A resource holds the CPU's digests.
 */
final class OpDigests {
  private static final String REFERENCE = "composed-ops.txt";
  private static final int VOCAB = 7;
  private static final int TOKENS = 8;
  private static final int DIMS = 2;
  private static final int BATCH = 2;

  private OpDigests() {}

  /** Digest of one op's output. */
  record Digest(String op, double absolute, double sum, double weighted) {
    /** Difference from another digest, relative to the sum of absolute values. */
    double distance(Digest other) {
      double scale = Math.max(absolute, 1e-3);
      double distance = Math.max(Math.abs(sum - other.sum), Math.abs(weighted - other.weighted)) / scale;
      return Double.isFinite(distance) ? distance : Double.POSITIVE_INFINITY;
    }

    private static Digest of(String op, INDArray output) {
      double[] values = output.castTo(DataType.DOUBLE).dup('c').data().asDouble();
      double absolute = 0;
      double sum = 0;
      double weighted = 0;
      for (int i = 0; i < values.length; i++) {
        absolute += Math.abs(values[i]);
        sum += values[i];
        weighted += values[i] * Math.cos(i + 1.0);
      }
      return new Digest(op, absolute, sum, weighted);
    }

    private String line(String key) {
      return String.format("%s %s %.7g %.7g %.7g", key, op, absolute, sum, weighted);
    }
  }

  /** Digests on the running backend, by name of model and output. */
  static Map<String, Digest> run() {
    Map<String, Digest> result = new LinkedHashMap<>();
    TarFlowConfig flows = new TarFlowConfig(ModelType.TARFLOW, VOCAB, TOKENS, DIMS, 12, 3, 2, null, List.of(
        FlowSpec.tiedMixD(1, VOCAB, Direction.LEFT_TO_RIGHT), FlowSpec.mix1(1, 3, Direction.RIGHT_TO_LEFT),
        FlowSpec.affine(0, Direction.RIGHT_TO_LEFT).withChannelDirection(ChannelDirection.DESCENDING)), null, null, 16, null);
    record("flows", flows, result);
    record("ar", flows.autoregressiveTwin(), result);
    return result;
  }

  private static void record(String name, TarFlowConfig config, Map<String, Digest> result) {
    ComputationGraph network = TarFlowNetwork.create(config, OptimizerSpec.defaults(), 1, 1, KernelChoice.COMPOSED, List.of(),
        DataType.FLOAT);
    Random random = new Random(5);
    TarFlowNetwork.parameters(network).forEach((parameter, array) -> array.assign(Nd4j.create(
        random.doubles(array.length(), -0.5, 0.5).toArray(), array.shape(), DataType.FLOAT).addi(parameter.endsWith("gain") ? 1 : 0)));
    INDArray ids = Nd4j.createFromArray(random.ints((long) BATCH * TOKENS, 0, VOCAB).toArray()).reshape(BATCH, TOKENS);
    INDArray noise = Nd4j.create(random.doubles((long) BATCH * TOKENS * DIMS, -2, 2).toArray(), new long[] {BATCH, TOKENS, DIMS},
        DataType.FLOAT);
    TarFlowNetwork.layer(network).setGraphListeners(new BaseListener() {
      @Override
      public boolean isActive(Operation operation) {
        return true;
      }

      @Override
      public void opExecution(SameDiff sd, At at, MultiDataSet batch, SameDiffOp op, OpContext context,
          INDArray[] outputs) {
        int written = op.getOp().opName().equals("maximum_bp") ? 1 : outputs.length; // M2.1 skips some constants' gradients
        for (int i = 0; i < written; i++) {
          result.put(name + "/" + op.getOutputsOfOp().get(i), Digest.of(op.getOp().opName(), outputs[i]));
        }
      }
    });
    network.setInputs(ids);
    network.setLabels(noise);
    network.computeGradientAndScore();
  }

  /** The packaged digests of the CPU. */
  static Map<String, Digest> reference() {
    Map<String, Digest> result = new LinkedHashMap<>();
    try (InputStream in = OpDigests.class.getResourceAsStream(REFERENCE)) {
      new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().map(line -> line.split(" ")).forEach(words -> result.put(words[0],
          new Digest(words[1], Double.parseDouble(words[2]), Double.parseDouble(words[3]), Double.parseDouble(words[4]))));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return result;
  }

  /** Writes digests in the form that {@link #reference} reads. */
  static String text(Map<String, Digest> digests) {
    return digests.entrySet().stream().map(each -> each.getValue().line(each.getKey()) + "\n").collect(Collectors.joining());
  }
}
