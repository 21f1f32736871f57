package org.tarflowlm.cli;

import java.io.IOException;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.style.Styler.ChartTheme;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.tarflowlm.generate.FlowView.Pass;

/** The metrics of every pass as bars: how often tokens change, and what the latents measure; means over the texts. */
final class FlowPlot {
  private static final int WIDTH = 1000;
  private static final int HEIGHT = 560;

  private FlowPlot() {}

  static byte[] png(List<FlowReport> reports) throws IOException {
    List<Pass> passes = reports.get(0).view().passes();
    CategoryChart chart = new CategoryChartBuilder().width(WIDTH).height(HEIGHT).theme(ChartTheme.GGPlot2)
        .title("Latents from noise to text").xAxisTitle("pass").yAxisTitle("measure").build();
    chart.getStyler().setLegendPosition(LegendPosition.OutsideE);
    chart.getStyler().setAvailableSpaceFill(0.9);
    List<String> names = passes.stream().map(pass -> brief(pass.source())).toList();
    chart.addSeries("L2 norm", names, means(reports, FlowReport.Metrics::l2Norm));
    chart.addSeries("cosine similarity", names, means(reports, FlowReport.Metrics::cosine));
    chart.addSeries("participation ratio", names, means(reports, FlowReport.Metrics::participationRatio));
    chart.addSeries("centroid movement", names, means(reports, FlowReport.Metrics::centroidMovement));
    chart.addSeries("share of changed tokens", names, IntStream.range(0, passes.size())
        .mapToObj(i -> reports.stream().mapToDouble(report -> share(report.view().passes().get(i))).average().orElseThrow()).toList());
    return BitmapEncoder.getBitmapBytes(chart, BitmapEncoder.BitmapFormat.PNG);
  }

  /** "flow 0 (Mix-d, left to right)" is too long below a bar. */
  private static String brief(String source) {
    return source.replace("left to right", "LTR").replace("right to left", "RTL");
  }

  private static double share(Pass pass) {
    return (double) pass.changes() / pass.tokens().length;
  }

  private static List<Double> means(List<FlowReport> reports, Function<FlowReport.Metrics, Double> measure) {
    return IntStream.range(0, reports.get(0).metrics().size()).mapToObj(i -> reports.stream()
        .map(report -> measure.apply(report.metrics().get(i))).mapToDouble(value -> value == null ? 0 : value).average().orElseThrow())
        .toList();
  }
}
