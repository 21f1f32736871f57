package org.tarflowlm.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.TestModels;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.flow.Sampling;
import org.tarflowlm.graph.KernelChoice;
import org.tarflowlm.graph.Window;
import org.tarflowlm.graph.WindowGraph;

/** A user runs the network's two graphs: every level both ways, after training too, and from FlatBuffers in another process. */
class SavedGraphsTest {
  private static final int PATCH = 2;
  private static final int TOKENS = TestModels.TOKENS;
  private static final TarFlowConfig CONFIG = TestModels.everyCoupling(PATCH);
  private static final List<String> LEVELS = IntStream.range(0, CONFIG.flows().size()).mapToObj(WindowGraph::latent).toList();
  private static final INDArray IDS = TestModels.ids(3, 2, TOKENS);
  private static final INDArray NOISE = ramp(DataType.FLOAT, 2, TOKENS, 2);
  private static final INDArray U = ramp(DataType.DOUBLE, 2, TOKENS / PATCH, 2 * PATCH);
  private static final INDArray PROMPT = ramp(DataType.DOUBLE, 2, 1, 2 * PATCH);

  private static INDArray ramp(DataType type, long... shape) {
    INDArray array = Nd4j.create(type, shape);
    for (long i = 0; i < array.length(); i++) {
      array.putScalar(i, Math.sin(3.0 * i));
    }
    return array;
  }

  private static ComputationGraph network() {
    return TarFlowNetwork.create(CONFIG, OptimizerSpec.defaults(), 10, 1);
  }

  @Test
  void everyLevelComesOutOfBothGraphsAndTheyAgree() {
    ComputationGraph network = network();
    SameDiff forward = TarFlowNetwork.sameDiff(network);
    Map<String, INDArray> up = forward.output(Map.of("ids", IDS, "noise", NOISE), LEVELS);
    assertEquals(TarFlowNetwork.layer(network).latents(2, IDS, NOISE), up.get("latent2"));
    SameDiff inverse = TarFlowNetwork.inverseSameDiff(network);
    Map<String, INDArray> down = inverse.output(Map.of("u", U), LEVELS);
    SameDiff fromLatents = InverseSession.emptyGraph();
    WindowGraph.build(fromLatents, CONFIG, new Window(TOKENS, true, false), DataType.FLOAT, KernelChoice.AUTO,
        TarFlowNetwork.parameters(network), Set.of());
    INDArray z = down.get("latent0").castTo(DataType.FLOAT).reshape(2, TOKENS, 2);
    Map<String, INDArray> back = fromLatents.output(Map.of("latents", z), LEVELS);
    for (String level : LEVELS) {
      double worst = back.get(level).castTo(DataType.DOUBLE).sub(down.get(level)).amaxNumber().doubleValue();
      assertTrue(worst < 2e-3, level + " differs by " + worst);
    }
    assertTrue(forward.summary().contains("latent1"));
    assertTrue(inverse.summary().contains("tarflow_flow_inverse"));
  }

  @Test
  void bothGraphsFollowTheNetworksTraining() {
    ComputationGraph network = network();
    SameDiff forward = TarFlowNetwork.sameDiff(network);
    SameDiff inverse = TarFlowNetwork.inverseSameDiff(network);
    INDArray likelihood = forward.output(Map.of("ids", IDS, "noise", NOISE), "logLikelihood").get("logLikelihood").dup();
    INDArray z = inverse.output(Map.of("u", U), "latent0").get("latent0").dup();
    network.fit(new DataSet(IDS, IDS));
    assertFalse(likelihood.equals(forward.output(Map.of("ids", IDS, "noise", NOISE), "logLikelihood").get("logLikelihood")));
    INDArray after = inverse.output(Map.of("u", U), "latent0").get("latent0").dup();
    assertFalse(z.equals(after));
    INDArray fresh = TarFlowNetwork.inverseSameDiff(network).output(Map.of("u", U), "latent0").get("latent0");
    assertArrayEquals(fresh.dup().data().asDouble(), after.data().asDouble());
  }

  /** A process that has run none of our code knows the ops, and all outputs have the same bits. */
  @Test
  void savedGraphsRunInAFreshProcess(@TempDir Path folder) throws IOException, InterruptedException {
    ComputationGraph network = network();
    network.fit(new DataSet(IDS, IDS));
    List<String> scores = new ArrayList<>(LEVELS);
    scores.add("logLikelihood");
    List<String> texts = new ArrayList<>(LEVELS);
    texts.add("ids");
    check(TarFlowNetwork.sameDiff(network), Map.of("ids", IDS, "noise", NOISE), scores, Files.createDirectory(folder.resolve("forward")));
    check(TarFlowNetwork.inverseSameDiff(network, new Sampling(0.8, 0.9, 4, 0.95), true), Map.of("u", U, "prompt", PROMPT), texts,
        Files.createDirectory(folder.resolve("inverse")));
  }

  private static void check(SameDiff sd, Map<String, INDArray> inputs, List<String> outputs, Path folder)
      throws IOException, InterruptedException {
    Path file = folder.resolve("graph.fb");
    sd.save(file.toFile(), false);
    for (Map.Entry<String, INDArray> input : inputs.entrySet()) {
      Nd4j.saveBinary(input.getValue(), folder.resolve(input.getKey()).toFile());
    }
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m", "-cp",
        System.getProperty("java.class.path"), LoadedGraph.class.getName(), file.toString(), folder.toString()));
    command.addAll(outputs);
    Path log = folder.resolve("log");
    int code = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start().waitFor();
    assertEquals(0, code, () -> read(log));
    for (String output : outputs) {
      INDArray expected = sd.output(inputs, output).get(output).dup('c');
      INDArray found = Nd4j.readBinary(folder.resolve("out." + output).toFile());
      assertEquals(expected.dataType(), found.dataType());
      assertArrayEquals(expected.shape(), found.shape());
      assertArrayEquals(expected.data().asDouble(), found.data().asDouble(), output);
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }

  @Test
  void aGraphOfAnotherVersionIsRefusedWhenItIsLoaded(@TempDir Path folder) throws IOException {
    SameDiff sd = TarFlowNetwork.inverseSameDiff(network());
    DynamicCustomOp op = sd.getOps().values().stream().map(each -> each.getOp()).filter(each -> each.opName().equals("tarflow_decode"))
        .map(DynamicCustomOp.class::cast).findFirst().orElseThrow();
    long version = op.iArgs()[op.numIArguments() - 1];
    Path file = folder.resolve("graph.fb");
    for (long[] other : new long[][] {{version + 1, 2}, {7, 0}}) {
      op.addIArgument(other[0]);
      sd.save(file.toFile(), false);
      Throwable thrown = assertThrows(IllegalStateException.class, () -> SameDiff.load(file.toFile(), false));
      assertEquals("tarflow_decode of the saved graph has " + (other[1] == 0 ? "no version" : "version " + other[1])
          + " of the ops; expected version 1: build the graph anew from the model", thrown.getMessage());
    }
  }
}
