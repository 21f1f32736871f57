package org.tarflowlm.cli;

import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import javax.imageio.ImageIO;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.Styler.ChartTheme;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.eval.FlowAccount.Level;
import org.tarflowlm.eval.LatentMetrics.Spread;

/** Bar charts of what each flow does: one chart of bits, one of changes, one of the latents' measures with their spread. */
final class FlowPictures {
  private static final int WIDTH = 900;
  private static final int HEIGHT = 320;

  private FlowPictures() {}

  /** @param levels of a {@link org.tarflowlm.eval.FlowAccount} of this model */
  static byte[] png(List<Level> levels, TarFlowConfig config) throws IOException {
    List<String> names = FlowTable.names(config).stream()
        .map(name -> name.replace("left to right", "LTR").replace("right to left", "RTL")).toList();
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
    return stacked(List.of(bits, changes, measures));
  }

  /** Charts of one size, one below the other. */
  static byte[] stacked(List<? extends Chart<?, ?>> charts) throws IOException {
    List<BufferedImage> images = new ArrayList<>();
    charts.forEach(chart -> images.add(BitmapEncoder.getBufferedImage(chart)));
    BufferedImage whole = new BufferedImage(images.get(0).getWidth(), images.stream().mapToInt(BufferedImage::getHeight).sum(),
        BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = whole.createGraphics();
    int y = 0;
    for (BufferedImage image : images) {
      graphics.drawImage(image, 0, y, null);
      y += image.getHeight();
    }
    graphics.dispose();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ImageIO.write(whole, "png", out);
    return out.toByteArray();
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

  /** Nothing was done before the first flow: no bar. */
  private static List<Double> numbers(List<Level> levels, Function<Level, Double> measure) {
    return levels.stream().map(measure).map(value -> value == null || !Double.isFinite(value) ? 0 : value).toList();
  }
}
