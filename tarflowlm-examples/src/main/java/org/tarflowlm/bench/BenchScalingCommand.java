package org.tarflowlm.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tarflowlm.bench.Scaling.Axis;
import org.tarflowlm.bench.StepBenchmark.Model;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.command.Json;
import org.tarflowlm.data.file.AtomicFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures how times grow with a model's sizes. */
@Command(name = "scaling", mixinStandardHelpOptions = true, description = {
    "Time training steps and forward passes on random tokens along four axes: width, layers, window and vocabulary. Each varies one size "
        + "of a base shape, which has the first of all sizes.",
    "--peer alternates with another program, which must print its median milliseconds per step as its last word. It gets the sizes for "
        + "{batch}, {seq}, {width}, {layers}, {heads}, {vocab} and {steps} in its command."})
final class BenchScalingCommand extends BaseCommand {
  @Option(names = "--axis", split = ",", paramLabel = "AXIS", description = "${COMPLETION-CANDIDATES}; default all")
  private Set<Axis> axes = EnumSet.allOf(Axis.class);

  @Option(names = "--widths", split = ",", paramLabel = "N", defaultValue = "128,256,384,512,768",
      description = "sizes of the axis WIDTH; default ${DEFAULT-VALUE}")
  private List<Integer> widths;

  @Option(names = "--layers", split = ",", paramLabel = "N", defaultValue = "2,4,8,12",
      description = "sizes of the axis LAYERS; default ${DEFAULT-VALUE}")
  private List<Integer> layers;

  @Option(names = "--windows", split = ",", paramLabel = "N", defaultValue = "128,256,512,1024,2048",
      description = "sizes of the axis WINDOW, tokens; default ${DEFAULT-VALUE}")
  private List<Integer> windows;

  @Option(names = "--vocabs", split = ",", paramLabel = "N", defaultValue = "27,256,4096,50257",
      description = "sizes of the axis VOCAB, tokens to choose from; default ${DEFAULT-VALUE}")
  private List<Integer> vocabs;

  @Option(names = "--model", defaultValue = "ar",
      description = "${COMPLETION-CANDIDATES}, the flows with one flow; default ${DEFAULT-VALUE}")
  private Model model;

  @Option(names = "--batch", paramLabel = "N", defaultValue = "4", description = "windows of a step; default ${DEFAULT-VALUE}")
  private int batch;

  @Option(names = "--heads", paramLabel = "N", defaultValue = "4", description = "default ${DEFAULT-VALUE}")
  private int heads;

  @Option(names = "--minutes", paramLabel = "N", defaultValue = "6", description = "time for all shapes together, which sets the number of "
      + "steps; each shape has two turns of three steps at least; default ${DEFAULT-VALUE}")
  private double minutes;

  @Option(names = "--rounds", paramLabel = "N", defaultValue = "5", description = "most turns of a shape; default ${DEFAULT-VALUE}")
  private int rounds;

  @Option(names = "--peer", paramLabel = "COMMAND", description = "a shell command to alternate with")
  private String peer;

  @Option(names = "--peer-name", paramLabel = "NAME", defaultValue = "peer",
      description = "what table and chart call it; default ${DEFAULT-VALUE}")
  private String peerName;

  @Option(names = "--plot", paramLabel = "FILE", description = "also draw a chart of each axis into this PNG file")
  private Path plot;

  @Option(names = "--json",
      description = "Print one JSON object: circumstances, peer, and rows with the median, least and most of the turns.")
  private boolean json;

  @Override
  public Integer call() throws IOException, InterruptedException {
    Map<Axis, List<Integer>> sizes = new EnumMap<>(Map.of(Axis.WIDTH, widths, Axis.LAYERS, layers, Axis.WINDOW, windows, Axis.VOCAB,
        vocabs));
    List<Axis> order = List.copyOf(EnumSet.copyOf(axes));
    sizes.forEach((axis, values) -> values.forEach(size -> requireAtLeast("a size of " + axis, size, 1)));
    requireAtLeast("--batch", batch, 1);
    requireAtLeast("--rounds", rounds, 2);
    require(minutes > 0 && minutes <= 1_000, "--minutes is " + minutes + "; expected a number above 0 and at most 1000");
    order.forEach(axis -> require(peer == null || peer.contains("{" + axis.placeholder + "}"),
        "--peer has no {" + axis.placeholder + "}, which the axis " + axis + " varies"));
    Circumstances circumstances = Circumstances.now();
    List<Scaling.Row> rows = new Scaling(new Scaling.Plan(model, batch, heads, sizes), peer, rounds).run(order, 60 * minutes);
    ScalingReport report = new ScalingReport(circumstances, peer == null ? null : peerName, rows);
    if (plot != null) {
      byte[] picture = report.png();
      AtomicFile.write(plot, out -> out.write(picture));
    }
    out().print(json ? Json.of(report) + "\n" : report.markdown());
    out().flush();
    return 0;
  }
}
