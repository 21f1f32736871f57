package org.tarflowlm.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.tarflowlm.bench.Scaling.Axis;
import org.tarflowlm.bench.Scaling.Row;
import org.tarflowlm.command.Charts;
import org.tarflowlm.command.Table;

/**
 * Shows how a model's times grow: a table and a chart for each size that the benchmark varies.
 *
 * @param peer the peer's name, or null without a peer
 */
record ScalingReport(Circumstances circumstances, String peer, List<Row> rows) {
  private List<Axis> axes() {
    return rows.stream().map(Row::axis).distinct().toList();
  }

  private List<Row> along(Axis axis) {
    return rows.stream().filter(row -> row.axis() == axis).toList();
  }

  /** A Markdown table for each axis. */
  String markdown() {
    StringBuilder text = new StringBuilder(circumstances + "\n");
    for (Axis axis : axes()) {
      List<Row> rows = along(axis);
      List<String> names = new ArrayList<>(List.of(axis.title, "parameters", "step, ms", "forward, ms"));
      if (peer != null) {
        names.addAll(List.of(peer + ", ms", "ours / " + peer));
      }
      Table table = new Table(names);
      for (Row row : rows) {
        Scaling.Figures figures = row.figures();
        List<String> cells = new ArrayList<>(List.of(String.format("%,d", row.size()), String.format("%,d", figures.parameters()),
            figures.stepMs().toString(), figures.forwardMs().toString()));
        if (peer != null) {
          cells.addAll(List.of(figures.peerMs().toString(), figures.ratio().toString()));
        }
        table.row(cells);
      }
      text.append("\nFrom ").append(Scaling.words(rows.get(0).shape())).append(":\n\n").append(table);
    }
    return text.toString();
  }

  /** One PNG image with a chart for each axis; times are on a logarithmic scale. */
  byte[] png() throws IOException {
    List<XYChart> charts = new ArrayList<>();
    for (Axis axis : axes()) {
      List<Row> rows = along(axis);
      XYChart chart = Charts.lines("From " + Scaling.words(rows.get(0).shape()), axis.title, "milliseconds");
      chart.getStyler().setLegendPosition(LegendPosition.InsideNW);
      chart.getStyler().setXAxisLogarithmic(axis == Axis.VOCAB); // not the others: XChart labels only powers of ten
      chart.getStyler().setYAxisLogarithmic(true);
      add(chart, "training step", rows, figures -> figures.stepMs());
      add(chart, "forward pass", rows, figures -> figures.forwardMs());
      if (peer != null) {
        add(chart, "training step, " + peer, rows, figures -> figures.peerMs());
      }
      charts.add(chart);
    }
    return Charts.grid(charts, 2);
  }

  private static void add(XYChart chart, String name, List<Row> rows, Function<Scaling.Figures, Spread> figure) {
    chart.addSeries(name, rows.stream().map(Row::size).toList(), rows.stream().map(row -> figure.apply(row.figures()).median()).toList());
  }
}
