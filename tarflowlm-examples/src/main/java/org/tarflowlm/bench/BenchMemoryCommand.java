package org.tarflowlm.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.tarflowlm.bench.StepBenchmark.Model;
import org.tarflowlm.bench.StepBenchmark.Shape;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.command.Json;
import org.tarflowlm.graph.KernelChoice;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Watches a training's memory over many steps. */
@Command(name = "memory", mixinStandardHelpOptions = true, description =
    "Train on random tokens and print the resident set and a step's working memory ten times.")
final class BenchMemoryCommand extends BaseCommand {
  private static final int LINES = 10;

  @Option(names = "--model", defaultValue = "mixd", description = "${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}")
  private Model model;

  @Option(names = "--batch", defaultValue = "8")
  private int batch;

  @Option(names = "--seq", defaultValue = "256")
  private int sequence;

  @Option(names = "--width", defaultValue = "128")
  private int width;

  @Option(names = "--layers", split = ",", defaultValue = "2,1,1")
  private List<Integer> layers;

  @Option(names = "--heads", defaultValue = "4")
  private int heads;

  @Option(names = "--steps", defaultValue = "2000", description = "default ${DEFAULT-VALUE}")
  private int steps;

  @Option(names = "--json")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    StepBenchmark benchmark = new StepBenchmark(new Shape(model, batch, sequence, width, layers, heads), KernelChoice.AUTO);
    List<Map<String, Object>> lines = new ArrayList<>();
    for (int i = 1; i <= LINES; i++) {
      int each = Math.max(1, steps / LINES);
      benchmark.warmUp(each);
      double working = benchmark.workingMemoryMb();
      double needed = benchmark.peakLiveMb();
      double resident = ResidentMemory.nowMb();
      lines.add(Map.of("step", i * each, "rssMb", resident, "workingMemoryMb", working, "neededMb", needed));
      if (!json) {
        out().printf("step %5d  resident %.0f MB  working memory of a step %.1f MB, %.2f times the peak of live arrays (%.1f MB)%n",
            i * each, resident, working, working / needed, needed);
      }
    }
    if (json) {
      out().println(Json.of(lines));
    }
    return 0;
  }
}
