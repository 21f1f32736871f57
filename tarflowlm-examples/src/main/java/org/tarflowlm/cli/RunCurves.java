package org.tarflowlm.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler.ChartTheme;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The curves of a run as an image: bits per token while training and on the validation windows, over the tokens seen. */
final class RunCurves {
  static final String LOG = "progress.jsonl";
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int WIDTH = 900;
  private static final int HEIGHT = 500;
  private static final double MILLION = 1e6;

  private RunCurves() {}

  /**
   * @param log one JSON object a line, as a run writes it
   * @throws IOException if the file cannot be read, or holds no line with tokens and trainBits; names the line
   */
  static byte[] png(Path log) throws IOException {
    List<Double> tokens = new ArrayList<>();
    List<Double> train = new ArrayList<>();
    List<Double> validTokens = new ArrayList<>();
    List<Double> valid = new ArrayList<>();
    List<String> lines = Files.readAllLines(log);
    for (int i = 0; i < lines.size(); i++) {
      JsonNode line = parse(log, i, lines.get(i));
      double seen = line.get("tokens").asDouble() / MILLION;
      tokens.add(seen);
      train.add(line.get("trainBits").asDouble());
      if (line.has("validBits")) {
        validTokens.add(seen);
        valid.add(line.get("validBits").asDouble());
      }
    }
    if (tokens.isEmpty()) {
      throw new IOException(log + " is empty; expected the log of a run, one JSON object a line");
    }
    XYChart chart = new XYChartBuilder().width(WIDTH).height(HEIGHT).theme(ChartTheme.GGPlot2).xAxisTitle("million tokens")
        .yAxisTitle("bits per token").build();
    chart.getStyler().setLegendPosition(LegendPosition.InsideNE);
    chart.getStyler().setXAxisMin(0.0);
    chart.addSeries("training", tokens, train).setMarker(SeriesMarkers.NONE);
    if (!valid.isEmpty()) {
      chart.addSeries("validation", validTokens, valid).setMarker(SeriesMarkers.CIRCLE);
    }
    return BitmapEncoder.getBitmapBytes(chart, BitmapEncoder.BitmapFormat.PNG);
  }

  private static JsonNode parse(Path log, int index, String text) throws IOException {
    JsonNode line;
    try {
      line = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      line = null;
    }
    if (line == null || !line.path("tokens").isNumber() || !line.path("trainBits").isNumber()) {
      throw new IOException(log + ", line " + (index + 1) + ": expected a JSON object with tokens and trainBits");
    }
    return line;
  }
}
