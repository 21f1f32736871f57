package org.tarflowlm.examples;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.checkpoint.CheckpointNetworks;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.tokenize.Text8Alphabet;
import org.tarflowlm.flow.Sampling;
import org.tarflowlm.graph.InverseGraph;
import org.tarflowlm.nn.TarFlowNetwork;
import org.tarflowlm.zoo.TarFlowZoo;

/** The packaged model's two SameDiff graphs: build, inspect, run, save, load, and invert a text. */
public final class SameDiffGraphs {
  private static final String TEXT = "call me ishmael some years ago";

  private SameDiffGraphs() {}

  /** @param text a to z and single spaces, also as separate words */
  public static void main(String... text) throws IOException {
    int[] tokens = new Text8Alphabet().encode(text.length == 0 ? TEXT : String.join(" ", text));
    ComputationGraph network = CheckpointNetworks.network(TarFlowZoo.load("text8-mixd"));
    TarFlowConfig config = TarFlowNetwork.layer(network).model();

    // from text to noise: the graph that is trained
    SameDiff forward = TarFlowNetwork.sameDiff(network, tokens.length);
    System.out.printf("forward graph: inputs %s, %d ops%n", forward.inputs(), forward.getOps().size());
    Map<String, INDArray> score = forward.output(Map.of("ids", Nd4j.createFromArray(new int[][] {tokens}),
        "noise", Nd4j.zeros(DataType.FLOAT, 1, tokens.length, config.latentDim())), "logLikelihood", "latent0", "latent1");
    System.out.printf(Locale.ROOT, "ELBO %.1f nats; h(1) lies %.3f from h(0)%n", score.get("logLikelihood").getDouble(0),
        score.get("latent1").sub(score.get("latent0")).norm2Number().doubleValue());

    // from noise to text: the inverse pass, after a prompt
    SameDiff inverse = TarFlowNetwork.inverseSameDiff(network, Sampling.DEFAULT, true);
    System.out.printf("inverse graph: inputs %s, %d ops%n", inverse.inputs(), inverse.getOps().size());
    Nd4j.getRandom().setSeed(1);
    Map<String, INDArray> inputs = new HashMap<>();
    inputs.put(InverseGraph.U, Nd4j.randn(DataType.DOUBLE, 1, tokens.length + 40L, config.channels()));
    inputs.put(InverseGraph.PROMPT, score.get("latent0").castTo(DataType.DOUBLE));
    print("written", inverse.output(inputs, InverseGraph.IDS));
    InverseGraph.sample(inverse, new Sampling(0.5, 1.0, 0, 1.0));
    print("written at temperature 0.5", inverse.output(inputs, InverseGraph.IDS));

    // FlatBuffers: the file holds graph, parameters and the sampling code
    try (TemporaryFolder folder = new TemporaryFolder()) {
      Path file = folder.resolve("inverse.fb");
      inverse.save(file.toFile(), false);
      SameDiff loaded = SameDiff.load(file.toFile(), false);
      print("written by the loaded graph", loaded.output(inputs, InverseGraph.IDS));
    }
  }

  private static void print(String what, Map<String, INDArray> outputs) {
    System.out.println(what + ": " + new Text8Alphabet().decode(outputs.get(InverseGraph.IDS).dup().toIntVector()));
  }
}
