package org.tarflowlm.cli;

import java.io.IOException;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.style.Styler.ChartTheme;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.tarflowlm.command.Charts;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.eval.FlowAccount.Level;
import org.tarflowlm.eval.LatentMetrics.Spread;
import org.tarflowlm.generate.FlowView.Pass;

/** Bar charts of what each flow does to a text, measured on a corpus or on single texts. */
final class FlowCharts {
  private static final int WIDTH = 900;
  private static final int HEIGHT = 320;

  private FlowCharts() {}

  /** Three charts: bits, changes, and the latents' measures with their spread. */
  static byte[] png(List<Level> levels, TarFlowConfig config) throws IOException {
    List<String> names = FlowTable.names(config).stream().map(FlowCharts::brief).toList();
    CategoryChart bits = chart("bits per token if the stack ended here", names.size());
    bits.addSeries("bits", names, levels.stream().map(Level::bits).toList());
    bits.getStyler().setLegendVisible(false);
    CategoryChart changes = chart("what each flow changes", names.size());
    changes.addSeries("share of tokens that decode differently", names, numbers(levels, Level::changedTokens));
    changes.addSeries("mean squared change", names, numbers(levels, Level::squaredChange));
    CategoryChart measures = chart("latents, mean and standard deviation", names.size());
    add(measures, "L2 norm", names, levels, Level::l2Norm);
    add(measures, "cosine", names, levels, Level::cosine);
    add(measures, "participation ratio", names, levels, Level::participationRatio);
    add(measures, "centroid movement", names, levels, Level::centroidMovement);
    return Charts.stacked(List.of(bits, changes, measures));
  }

  /** The measures of every pass from noise to text, averaged over the texts. */
  static byte[] png(List<FlowReport> reports) throws IOException {
    List<Pass> passes = reports.get(0).view().passes();
    CategoryChart chart = new CategoryChartBuilder().width(1000).height(560).theme(ChartTheme.GGPlot2)
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
    return Charts.png(chart);
  }

  /** Shortens names such as "flow 0 (Mix-d, left to right)", which are too long below a bar. */
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

  private static CategoryChart chart(String title, int levels) {
    CategoryChart chart = new CategoryChartBuilder().width(WIDTH).height(HEIGHT).theme(ChartTheme.GGPlot2).title(title).build();
    chart.getStyler().setLegendPosition(LegendPosition.OutsideS);
    chart.getStyler().setLegendLayout(LegendLayout.Horizontal);
    chart.getStyler().setAvailableSpaceFill(0.7);
    if (levels > 4) {
      chart.getStyler().setXAxisLabelRotation(20);
    }
    return chart;
  }

  private static void add(CategoryChart chart, String name, List<String> names, List<Level> levels, Function<Level, Spread> measure) {
    chart.addSeries(name, names, numbers(levels, level -> measure.apply(level) == null ? null : measure.apply(level).mean()),
        numbers(levels, level -> measure.apply(level) == null ? null : measure.apply(level).standardDeviation()));
  }

  /** No bar for the level before the first flow. */
  private static List<Double> numbers(List<Level> levels, Function<Level, Double> measure) {
    return levels.stream().map(measure).map(value -> value == null || !Double.isFinite(value) ? 0 : value).toList();
  }
}
