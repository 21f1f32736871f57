package org.tarflowlm.bench;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.command.Json;
import org.tarflowlm.flow.StackWeights;
import org.tarflowlm.generate.FlowGenerator;
import org.tarflowlm.generate.GenerationOptions;
import org.tarflowlm.generate.parallel.Decoding;
import org.tarflowlm.kernel.Parallel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Times generation, each way of decoding alternating with the others and with another program. */
@Command(name = "generate", mixinStandardHelpOptions = true, description = {
    "Time how fast texts are written without a prompt, in characters per second of all texts together, and compare the ways of decoding.",
    "--peer alternates with another program, which must print its characters per second as its last word."})
final class BenchGenerateCommand extends BaseCommand {
  @Option(names = "--model", paramLabel = "ID|DIR", defaultValue = "text8-mixd", description = "default ${DEFAULT-VALUE}")
  private String model;

  @Option(names = "--batch", paramLabel = "B", defaultValue = "1", description = "texts written together; default ${DEFAULT-VALUE}")
  private int batch;

  @Option(names = "--tokens", paramLabel = "T", defaultValue = "256", description = "tokens of each text; default ${DEFAULT-VALUE}")
  private int tokens;

  @Option(names = "--seeds", paramLabel = "N", defaultValue = "5", description = "texts (batches) per round; default ${DEFAULT-VALUE}")
  private int seeds;

  @Option(names = "--rounds", paramLabel = "N", defaultValue = "3",
      description = "timed rounds, after one warm-up round; default ${DEFAULT-VALUE}")
  private int rounds;

  @Option(names = "--decoding", split = ",", paramLabel = "WAY", defaultValue = "SEQUENTIAL,PARALLEL,AUTO",
      description = "${COMPLETION-CANDIDATES}; default all, which differ for single texts only")
  private List<Decoding> decodings;

  @Option(names = "--blocks", split = ",", paramLabel = "N", description = "Also count the positions that a pass of parallel decoding "
      + "finishes in each flow, in blocks of this many positions (1 to 32; 0 for the default).")
  private List<Integer> blocks = List.of();

  @Option(names = "--peer", paramLabel = "COMMAND", description = "a shell command to alternate with")
  private String peer;

  @Option(names = "--cpu-time", description = "Measure processor time instead of wall-clock time: for one thread (TARFLOWLM_THREADS=1) on "
      + "a busy machine.")
  private boolean cpuTime;

  @Option(names = "--json", description = "Print one JSON object: model, batch, tokens, threads, identical, and best and median "
      + "characters per second of each way; with --peer also the peer's and the ratios, with --blocks the positions per pass.")
  private boolean json;

  @Override
  public Integer call() throws IOException, InterruptedException {
    requireAtLeast("--rounds", rounds, 1);
    requireAtLeast("--seeds", seeds, 1);
    Map<Decoding, List<Double>> speeds = new LinkedHashMap<>();
    decodings.forEach(each -> speeds.put(each, new ArrayList<>()));
    List<Double> theirs = new ArrayList<>();
    boolean identical = true;
    try (TarFlowLM loaded = TarFlowLM.resolve(model)) {
      GenerationOptions options = GenerationOptions.defaults().withMaxNewTokens(tokens).withBatchSize(batch);
      for (int round = 0; round <= rounds; round++) {
        List<String> first = null;
        for (Decoding each : decodings) {
          GenerationTurn turn = GenerationTurn.run(loaded, options.withDecoding(each), 0, seeds, this::now);
          if (round > 0) {
            speeds.get(each).add(turn.charactersPerSecond());
          }
          first = first == null ? turn.texts() : first;
          identical &= first.equals(turn.texts());
        }
        if (peer != null && round > 0) {
          theirs.add(Peer.run(peer, "its characters per second"));
        }
      }
      Map<Integer, List<Double>> perPass = new LinkedHashMap<>();
      blocks.forEach(each -> perPass.put(each, positionsPerPass(loaded, each)));
      print(loaded, speeds, theirs, identical, perPass);
    }
    return identical ? 0 : 1;
  }

  /**
   * Mean positions per pass of each flow, over single texts of the same seeds. A fresh generator has learned nothing from earlier
   * texts.
   */
  private List<Double> positionsPerPass(TarFlowLM loaded, int block) {
    if (!loaded.config().isFlow()) {
      throw new IllegalArgumentException("the model " + loaded.name() + " is discrete: parallel decoding is for flows");
    }
    StackWeights weights = StackWeights.of(loaded.config(), loaded.checkpoint()::values);
    FlowGenerator generator = new FlowGenerator(weights, loaded.tokenizer(), loaded.checkpoint()::ngrams, block);
    GenerationOptions options = GenerationOptions.defaults().withMaxNewTokens(tokens).withDecoding(Decoding.PARALLEL);
    for (int seed = 0; seed < seeds; seed++) {
      generator.generate(new int[0], options.withSeed(seed), null);
    }
    return generator.positionsPerPass();
  }

  private long now() {
    return cpuTime ? ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime() : System.nanoTime();
  }

  private void print(TarFlowLM loaded, Map<Decoding, List<Double>> speeds, List<Double> theirs, boolean identical,
      Map<Integer, List<Double>> perPass) throws IOException {
    Map<String, Object> result = Json.object("model", loaded.name(), "batch", batch, "tokens", tokens, "texts", seeds * batch,
        "threads", Parallel.threads(), "cpuTime", cpuTime, "identical", identical);
    speeds.forEach((way, values) -> result.put(way.name().toLowerCase(), figures(values, theirs)));
    if (!theirs.isEmpty()) {
      result.put("peerCharactersPerSecond", theirs);
    }
    if (!perPass.isEmpty()) {
      result.put("positionsPerPass", perPass);
    }
    if (json) {
      out().println(Json.of(result));
      return;
    }
    out().printf("%s, %d texts of %d tokens, batch %d, %d threads, seconds of %s; texts of all ways of decoding %s%n",
        loaded.name(), seeds * batch, tokens, batch, Parallel.threads(), cpuTime ? "processor time" : "the clock",
        identical ? "identical" : "DIFFER");
    speeds.forEach((way, values) -> out().printf("%-10s best %,8.0f  median %,8.0f characters/s%s%n",
        way.name().toLowerCase(), Collections.max(values), Spread.of(values).median(),
        theirs.isEmpty() ? "" : String.format("  %.1f times the peer", Collections.max(values) / Collections.max(theirs))));
    if (!theirs.isEmpty()) {
      out().printf("%-10s best %,8.0f  median %,8.0f characters/s%n", "peer", Collections.max(theirs), Spread.of(theirs).median());
    }
    perPass.forEach((block, flows) -> {
      out().printf("positions finished per pass, %s:", block == 0 ? "usual blocks" : "blocks of " + block);
      for (int l = flows.size() - 1; l >= 0; l--) {
        out().printf("  flow %d %.2f", l, flows.get(l));
      }
      out().println();
    });
  }

  private static Map<String, Object> figures(List<Double> ours, List<Double> theirs) {
    Map<String, Object> result = Json.object("bestCharactersPerSecond", Collections.max(ours),
        "medianCharactersPerSecond", Spread.of(ours).median());
    if (!theirs.isEmpty()) {
      result.put("bestToBestOfPeer", Collections.max(ours) / Collections.max(theirs));
    }
    return result;
  }
}
