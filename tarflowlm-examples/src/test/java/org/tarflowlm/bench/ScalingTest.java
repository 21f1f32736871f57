package org.tarflowlm.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tarflowlm.bench.Scaling.Axis;
import org.tarflowlm.bench.Scaling.Plan;
import org.tarflowlm.bench.Scaling.Row;
import org.tarflowlm.bench.StepBenchmark.Model;
import org.tarflowlm.bench.StepBenchmark.Shape;
import org.tarflowlm.graph.KernelChoice;

class ScalingTest {
  private static Plan plan(Model model, int batch) {
    return new Plan(model, batch, 2, Map.of(Axis.WIDTH, List.of(8, 16), Axis.LAYERS, List.of(1, 2), Axis.WINDOW, List.of(4, 8),
        Axis.VOCAB, List.of(5, 9, 17)));
  }

  @Test
  void eachAxisVariesOneSizeAndThePeerGetsIt() throws Exception {
    List<Axis> axes = List.of(Axis.values());
    List<Row> rows = new Scaling(plan(Model.AR, 2), "echo median {width}{layers}{seq}.{vocab}{batch}{heads}", 2).run(axes, 0.1);
    assertEquals(9, rows.size());
    assertEquals(List.of(8, 16, 1, 2, 4, 8, 5, 9, 17), rows.stream().map(Row::size).toList());
    assertEquals(List.of(814.522, 1614.522, 814.522, 824.522, 814.522, 818.522, 814.522, 814.922, 814.1722),
        rows.stream().map(row -> row.figures().peerMs().median()).toList());
    assertEquals(rows.get(0).figures(), rows.get(2).figures(), "the base shape is measured once");
    assertEquals(new Shape(Model.AR, 2, 4, 8, List.of(2), 2, 5), rows.get(3).shape());
    for (Row row : rows) {
      Spread step = row.figures().stepMs();
      assertTrue(0 < step.least() && step.least() <= step.median() && step.median() <= step.most(), row.toString());
      assertEquals(step.most() / row.figures().peerMs().median(), row.figures().ratio().most(), 1e-9, row.toString());
      assertTrue(row.figures().forwardMs().least() > 0, row.toString());
    }
    ScalingReport report = new ScalingReport(Circumstances.now(), "DJL", rows);
    String table = report.markdown();
    assertTrue(table.contains("| vocabulary | parameters | step, ms | forward, ms | DJL, ms | ours / DJL |"), table);
    assertEquals(4, table.lines().filter(line -> line.startsWith("|---")).count(), table);
    BufferedImage picture = ImageIO.read(new ByteArrayInputStream(report.png()));
    assertEquals(2 * 900, picture.getWidth());
    assertEquals(2 * 500, picture.getHeight());
  }

  @Test
  void flowsWorkWithoutAPeer() throws Exception {
    List<Row> rows = new Scaling(plan(Model.MIXD, 2), null, 2).run(List.of(Axis.WINDOW), 0.1);
    assertEquals(2, rows.size());
    ScalingReport report = new ScalingReport(Circumstances.now(), null, rows);
    assertTrue(report.markdown().contains("| window | parameters | step, ms | forward, ms |\n"), report.markdown());
    assertEquals(900, ImageIO.read(new ByteArrayInputStream(report.png())).getWidth());
  }

  @Test
  void aShapeThatDoesNotFitIsRefusedBeforeAnythingRuns() {
    Scaling scaling = new Scaling(plan(Model.AR, Integer.MAX_VALUE), "exit 3", 2);
    List<Axis> axes = List.of(Axis.WIDTH, Axis.WINDOW);
    String message = assertThrows(IllegalArgumentException.class, () -> scaling.run(axes, 0.1)).getMessage();
    assertTrue(message.matches("a step of 2147483647 windows of 4 tokens, width 8, 1 layers, 2 heads, vocabulary 5 needs about "
        + "[\\d.]+ GB; [\\d.]+ GB are free"), message);
  }

  @Test
  void aPeerThatFailsEndsIt() {
    Exception failure = assertThrows(IOException.class,
        () -> new Scaling(plan(Model.AR, 2), "echo no figure", 2).run(List.of(Axis.WIDTH), 0.1));
    assertEquals("--peer ended with code 0 and 'no figure'; expected its median milliseconds per step as last word", failure.getMessage());
  }

  /** A low estimate lets the system kill the process; a high one refuses shapes that fit. */
  @ParameterizedTest
  @CsvSource({"AR, 4, 128, 128, 2, 27", "AR, 2, 512, 64, 3, 27", "AR, 2, 64, 64, 1, 3000", "MIXD, 2, 64, 64, 2, 27",
      "MIX1, 2, 64, 32, 1, 27", "AFFINE, 2, 64, 32, 1, 27"})
  void theEstimateOfMemoryIsNearWhatAStepTakes(Model model, int batch, int sequence, int width, int layers, int vocab) throws Exception {
    Shape shape = new Shape(model, batch, sequence, width, List.of(layers), 4, vocab);
    try (StepBenchmark benchmark = new StepBenchmark(shape, KernelChoice.AUTO)) {
      benchmark.warmUp(2);
      double taken = benchmark.workingMemoryMb() + 4 * 4.0 * benchmark.network().numParams() / (1 << 20);
      double estimate = StepMemory.bytes(shape) / (1 << 20);
      assertTrue(0.8 * taken <= estimate && estimate <= 2 * taken, estimate + " MB estimated, " + taken + " taken");
    }
  }
}
