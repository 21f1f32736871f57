package org.tarflowlm.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.backend.HostMemory;
import org.tarflowlm.bench.OpDigests.Digest;
import org.tarflowlm.bench.StepBenchmark.Model;
import org.tarflowlm.bench.StepBenchmark.Shape;
import org.tarflowlm.checkpoint.CheckpointInfo;
import org.tarflowlm.checkpoint.CheckpointNetworks;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.command.Json;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.tokenize.Text8Alphabet;
import org.tarflowlm.data.tokens.TokenArray;
import org.tarflowlm.data.windows.WindowIterator;
import org.tarflowlm.graph.KernelChoice;
import org.tarflowlm.nn.OptimizerSpec;
import org.tarflowlm.nn.TarFlowNetwork;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Checks and measures the composed graph on the running backend; run it first on a machine with a GPU. */
@Command(name = "gpu", mixinStandardHelpOptions = true, description = {
    "Check and measure the composed graph on the running backend: every op against the CPU's values, a training, a score, a text.",
    "Exit code 1 if an op differs, or if the training does not learn."})
final class BenchGpuCommand extends BaseCommand {
  /** Allowed difference as a share of the sum of an output's absolute values; rounding in another order of summation stays well below. */
  private static final double TOLERANCE = 1e-3;
  private static final double MEGABYTE = 1 << 20;
  private static final String TEXT = "the cat sat on the mat and the dog sat on the log while the cat saw the dog ";

  @Option(names = "--steps", defaultValue = "200", description = "steps to train; default ${DEFAULT-VALUE}")
  private int steps;

  @Option(names = "--batch", defaultValue = "8", description = "windows per step; default ${DEFAULT-VALUE}")
  private int batch;

  @Option(names = "--seq", defaultValue = "64", description = "tokens per window; default ${DEFAULT-VALUE}")
  private int sequence;

  @Option(names = "--width", defaultValue = "128", description = "default ${DEFAULT-VALUE}")
  private int width;

  @Option(names = "--out", defaultValue = "gpu.json", description = "file for the report; default ${DEFAULT-VALUE}")
  private Path out;

  @Option(names = "--record", hidden = true, description = "file for the ops' values on this backend, in the form of the program's own")
  private Path record;

  @Override
  public Integer call() throws IOException {
    requireAtLeast("--steps", steps, 20);
    Map<String, Object> report = Json.object("backend", HostMemory.backend(), "environment", environment());
    Map<String, Digest> found = OpDigests.run();
    if (record != null) {
      Files.writeString(record, OpDigests.text(found));
    }
    List<String> wrong = compare(found, report);
    out().printf("%s: %d outputs of ops, %d differ from the CPU's%n", HostMemory.backend(), found.size(), wrong.size());
    wrong.stream().limit(10).forEach(out()::println);
    boolean learns = train(report);
    // not Json.of, because the report of a failure may hold figures that are not finite
    Files.writeString(out, new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(report) + "\n");
    out().println("report in " + out);
    return wrong.isEmpty() && learns ? 0 : 1;
  }

  /** What ND4J reports about the backend, including the devices of a GPU. */
  private static Map<String, String> environment() {
    Map<String, String> result = new TreeMap<>();
    Nd4j.getExecutioner().getEnvironmentInformation().forEach((key, value) -> result.put(key.toString(), String.valueOf(value)));
    return result;
  }

  private static List<String> compare(Map<String, Digest> found, Map<String, Object> report) {
    Map<String, Digest> expected = OpDigests.reference();
    List<String> wrong = new ArrayList<>();
    Map<String, Double> worst = new TreeMap<>();
    expected.forEach((key, digest) -> {
      Digest other = found.get(key);
      double distance = other == null ? Double.POSITIVE_INFINITY : digest.distance(other);
      worst.merge(digest.op(), distance, Math::max);
      if (distance > TOLERANCE) {
        wrong.add(key + " of " + digest.op() + ": " + (other == null ? "missing" : other) + "; expected " + digest);
      }
    });
    found.keySet().stream().filter(key -> !expected.containsKey(key)).forEach(key -> wrong.add(key + " is not among the CPU's"));
    report.putAll(Json.object("opsChecked", found.size(), "opsThatDiffer", wrong, "worstDifferenceByOp", worst));
    return wrong;
  }

  private boolean train(Map<String, Object> report) throws IOException {
    TarFlowConfig config = new Shape(Model.MIXD, batch, sequence, width, List.of(2, 1), 4).config();
    ComputationGraph network = TarFlowNetwork.create(config, OptimizerSpec.defaults().withLearningRate(5e-3).withWarmupSteps(10), steps, 1,
        KernelChoice.COMPOSED, List.of(), DataType.FLOAT);
    TokenArray text = TokenArray.of(TEXT.repeat(1 + 2000 / TEXT.length()), new Text8Alphabet());
    double[] losses = new double[steps];
    double[] milliseconds = new double[steps];
    WindowIterator windows = WindowIterator.builder(text, sequence).batch(batch).shuffled(3).endless().build();
    for (int step = 0; step < steps; step++) {
      MultiDataSet next = windows.next();
      long begin = System.nanoTime();
      network.fit(next);
      losses[step] = network.score();
      milliseconds[step] = (System.nanoTime() - begin) / 1e6;
    }
    double first = mean(losses, 0, 10);
    double last = mean(losses, steps - 10, steps);
    double median = Arrays.stream(milliseconds).skip(steps / 2).sorted().skip(steps / 4).findFirst().orElseThrow(); // of the later half
    double workingMb = TarFlowNetwork.layer(network).workingMemoryBytes() / MEGABYTE;
    TarFlowLM lm = TarFlowLM.of(CheckpointNetworks.checkpoint(network, CheckpointInfo.of("text8"), null));
    double bits = lm.score(TEXT.strip()).bitsPerCharacter();
    long start = System.nanoTime();
    String sample = lm.generate("", lm.generationOptions().withMaxNewTokens(sequence / 2).withSeed(1)).get(0).text();
    double seconds = (System.nanoTime() - start) / 1e9;
    report.putAll(Json.object("steps", steps, "lossFirstTen", first, "lossLastTen", last, "medianMillisecondsPerStep", median,
        "tokensPerSecond", batch * sequence / median * 1000, "workingMemoryMb", workingMb, "residentMb", ResidentMemory.nowMb(),
        "environmentAfter", environment(), "bitsPerCharacter", bits, "text", sample, "generationSeconds", seconds));
    out().printf("%d steps of %d tokens: %.1f ms each, loss %.3f to %.3f nats per token, working memory %.1f MB%n", steps,
        batch * sequence, median, first, last, workingMb);
    out().printf("score at most %.3f bits per character; %d characters written in %.1f s: %s%n", bits, sample.length(), seconds, sample);
    return last < first && Double.isFinite(bits);
  }

  private static double mean(double[] values, int from, int to) {
    return Arrays.stream(values, from, to).average().orElseThrow();
  }
}
