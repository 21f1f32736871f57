package org.tarflowlm.command;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.Styler.ChartTheme;
import org.knowm.xchart.style.Styler.LegendPosition;

/** Draws charts as PNG images. */
public final class Charts {
  private static final int WIDTH = 900;
  private static final int HEIGHT = 500;

  private Charts() {}

  /**
   * A line chart without data.
   *
   * @param title the title, or null for none
   */
  public static XYChart lines(String title, String xAxis, String yAxis) {
    XYChart chart = new XYChartBuilder().width(WIDTH).height(HEIGHT).theme(ChartTheme.GGPlot2).title(title == null ? "" : title)
        .xAxisTitle(xAxis).yAxisTitle(yAxis).build();
    chart.getStyler().setLegendPosition(LegendPosition.InsideNE);
    chart.getStyler().setChartTitleVisible(title != null);
    return chart;
  }

  public static byte[] png(Chart<?, ?> chart) throws IOException {
    return BitmapEncoder.getBitmapBytes(chart, BitmapFormat.PNG);
  }

  /** One PNG image of charts of the same size, from top to bottom. */
  public static byte[] stacked(List<? extends Chart<?, ?>> charts) throws IOException {
    return grid(charts, 1);
  }

  /** One PNG image of charts of the same size in a grid, row by row. */
  public static byte[] grid(List<? extends Chart<?, ?>> charts, int columns) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    BitmapEncoder.saveBitmap(charts, (charts.size() + columns - 1) / columns, Math.min(columns, charts.size()), out, BitmapFormat.PNG);
    return out.toByteArray();
  }
}
