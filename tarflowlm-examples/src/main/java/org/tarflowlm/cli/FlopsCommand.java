package org.tarflowlm.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.tarflowlm.bench.StepBenchmark;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.command.Json;
import org.tarflowlm.command.Table;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.eval.Flops;
import org.tarflowlm.generate.FlowView;
import org.tarflowlm.graph.KernelChoice;
import org.tarflowlm.train.RunConfig;
import org.tarflowlm.zoo.TarFlowZoo;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Counts operations as the paper's appendix H does, and times a step on this machine. */
@Command(name = "flops", mixinStandardHelpOptions = true, description = {
    "Count a model's floating-point operations as in the paper's appendix H, compare its discrete twin, and time training steps.",
    "A multiply-add counts as 2. Couplings, norms and activations are left out. A step counts as three forward passes."})
final class FlopsCommand extends BaseCommand {
  private static final double GIGA = 1e9;
  private static final int PASSES_A_STEP = 3;

  @Option(names = "--config", paramLabel = "FILE", description = "Run configuration, as for train.")
  private Path config;

  @Option(names = "--model", paramLabel = "MODEL", description = "A model, as for score, instead of --config.")
  private String model;

  @Option(names = "--batch", paramLabel = "N", defaultValue = "8", description = "Windows per step; default ${DEFAULT-VALUE}.")
  private int batch;

  @Option(names = "--steps", paramLabel = "N", defaultValue = "10",
      description = "Steps to time, after at least as many and up to five seconds of warm-up; 0 for none; default ${DEFAULT-VALUE}.")
  private int steps;

  @Option(names = "--json", description = "Print one JSON object: parts, total, twin, ratio, stepGigaflops, and if steps were timed "
      + "stepMs and gigaflopsPerSecond.")
  private boolean json;

  /** Operations of a part of the model over one window. */
  private record Row(String part, long body, long head, long total) {}

  @Override
  public Integer call() throws IOException {
    require((config == null) != (model == null), "expected either --config or --model");
    requireAtLeast("--batch", batch, 1);
    requireAtLeast("--steps", steps, 0);
    TarFlowConfig counted = config != null ? RunConfig.read(config).model() : TarFlowZoo.resolve(model).config();
    List<Row> rows = rows(counted);
    long total = Flops.of(counted);
    long twin = Flops.of(counted.autoregressiveTwin());
    double step = PASSES_A_STEP * total / GIGA * batch;
    Double milliseconds = steps == 0 ? null : milliseconds(counted);
    print(rows, total, twin, step, milliseconds, counted.contextLength());
    return 0;
  }

  private static List<Row> rows(TarFlowConfig config) {
    List<Row> rows = new ArrayList<>();
    List<Flops.Part> parts = Flops.parts(config);
    for (int i = 0; i < parts.size(); i++) {
      String name = config.isFlow() ? FlowView.name(i, config.flows().get(i)) : "discrete model";
      rows.add(new Row(name, parts.get(i).body(), parts.get(i).head(), parts.get(i).total()));
    }
    return rows;
  }

  private double milliseconds(TarFlowConfig timed) throws IOException {
    StepBenchmark benchmark = new StepBenchmark(timed, batch, KernelChoice.AUTO);
    benchmark.warmUpLong(steps);
    return benchmark.run(steps).medianMs();
  }

  private void print(List<Row> rows, long total, long twin, double step, Double milliseconds, int tokens) {
    if (json) {
      Map<String, Object> result = Json.object("parts", rows, "total", total, "twin", twin, "ratio", (double) total / twin,
          "stepGigaflops", step);
      if (milliseconds != null) {
        result.put("stepMs", milliseconds);
        result.put("gigaflopsPerSecond", step / milliseconds * 1e3);
      }
      out().println(Json.of(result));
      return;
    }
    Table table = new Table(List.of("part", "transformer, GFLOP", "head, GFLOP", "total, GFLOP", "share"));
    for (Row row : rows) {
      table.row(List.of(row.part(), gigaflops(row.body()), gigaflops(row.head()), gigaflops(row.total()),
          String.format("%.1f %%", 100.0 * row.total() / total)));
    }
    out().print(table);
    out().printf("One window of %d tokens, forward: %.4f GFLOP, %.2f times its discrete twin's %.4f.%n", tokens, total / GIGA,
        (double) total / twin, twin / GIGA);
    out().printf("A training step of %d windows: %.2f GFLOP%s.%n", batch, step, milliseconds == null ? ""
        : String.format(", %.1f ms here (median of %d), %.1f GFLOP/s", milliseconds, steps, step / milliseconds * 1e3));
  }

  private static String gigaflops(long operations) {
    return String.format("%.4f", operations / GIGA);
  }
}
