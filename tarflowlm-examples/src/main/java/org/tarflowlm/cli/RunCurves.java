package org.tarflowlm.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.style.markers.SeriesMarkers;
import org.tarflowlm.command.Charts;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.file.AtomicFile;
import org.tarflowlm.json.RecordJson;
import org.tarflowlm.train.RunConfig;

/**
 * The curves of a run as images: bits per token in training and on the validation windows, for the whole stack and for the stack cut
 * after each flow.
 */
final class RunCurves {
  static final String LOG = "progress.jsonl";
  private static final String RUN = "run.json";
  private static final String CURVES = "curves.png";
  private static final String FLOWS = "flows.png";
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final double MILLION = 1e6;

  private RunCurves() {}

  /**
   * Writes {@value #CURVES} and, for a flow model, {@value #FLOWS} into a run's folder, or into the folders of its stages. Without a log
   * it writes nothing.
   */
  static void draw(Path run) throws IOException {
    for (int stage = 1; Files.isDirectory(run.resolve("stage" + stage)); stage++) {
      draw(run.resolve("stage" + stage));
    }
    Path log = run.resolve(LOG);
    if (!Files.exists(log) || Files.size(log) == 0) {
      return;
    }
    byte[] curves = png(log);
    AtomicFile.write(run.resolve(CURVES), out -> out.write(curves));
    byte[] flows = flowsPng(log, RecordJson.read(run.resolve(RUN), RunConfig.class).model());
    if (flows != null) {
      AtomicFile.write(run.resolve(FLOWS), out -> out.write(flows));
    }
  }

  /**
   * The curves of a whole run.
   *
   * @param log one JSON object per line, as a run writes it
   * @return a PNG image
   * @throws IOException if the file cannot be read, is empty, or has a line without tokens and trainBits; the message names the line
   */
  static byte[] png(Path log) throws IOException {
    List<JsonNode> lines = lines(log);
    XYChart chart = chart(null, "bits per token");
    add(chart, "training", lines, line -> line.get("trainBits"), false);
    add(chart, "validation", lines, line -> line.get("validBits"), true);
    add(chart, "validation, averaged weights", lines, line -> line.get("averageBits"), true);
    return Charts.png(chart);
  }

  /**
   * Charts of what each flow did during the run and at its end.
   *
   * @return a PNG image, or null if the log has no flows
   * @throws IOException as {@link #png}
   */
  static byte[] flowsPng(Path log, TarFlowConfig config) throws IOException {
    List<JsonNode> lines = lines(log).stream().filter(line -> line.has("flows")).toList();
    if (lines.isEmpty()) {
      return null;
    }
    XYChart bits = chart("bits per token if the stack ended here", "");
    XYChart changes = chart("share of tokens that a flow changes", "");
    List<String> names = FlowTable.names(config);
    for (int l = 0; l < names.size(); l++) {
      int level = l;
      add(bits, names.get(l), lines, line -> line.get("flows").path(level).get("bits"), true);
      add(changes, names.get(l), lines, line -> line.get("flows").path(level).get("changedTokens"), true);
    }
    return Charts.stacked(List.of(bits, changes));
  }

  /**
   * One chart of several runs' validation curves.
   *
   * @param runs their folders, by their names in the legend
   * @return a PNG image
   * @throws IOException as {@link #png}
   */
  static byte[] together(Map<String, Path> runs, String title) throws IOException {
    XYChart chart = chart(title, "validation, bits per token");
    for (Map.Entry<String, Path> each : runs.entrySet()) {
      add(chart, each.getKey(), lines(each.getValue().resolve(LOG)), line -> line.get("validBits"), true);
    }
    return Charts.png(chart);
  }

  private static XYChart chart(String title, String yAxis) {
    XYChart chart = Charts.lines(title, "million tokens", yAxis);
    chart.getStyler().setXAxisMin(0.0);
    return chart;
  }

  /** Adds no series if no line has the number. */
  private static void add(XYChart chart, String name, List<JsonNode> lines, Function<JsonNode, JsonNode> number, boolean marked) {
    List<JsonNode> known = lines.stream().filter(line -> number.apply(line) != null && number.apply(line).isNumber()).toList();
    if (!known.isEmpty()) {
      chart.addSeries(name, known.stream().map(line -> line.get("tokens").asDouble() / MILLION).toList(),
          known.stream().map(line -> number.apply(line).asDouble()).toList())
          .setMarker(marked ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
    }
  }

  private static List<JsonNode> lines(Path log) throws IOException {
    List<JsonNode> result = new ArrayList<>();
    for (String line : Files.readAllLines(log)) {
      result.add(parse(log, result.size() + 1, line));
    }
    if (result.isEmpty()) {
      throw new IOException(log + " is empty; expected the log of a run, one JSON object per line");
    }
    return result;
  }

  private static JsonNode parse(Path log, int number, String text) throws IOException {
    JsonNode line;
    try {
      line = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      line = null;
    }
    if (line == null || !line.path("tokens").isNumber() || !line.path("trainBits").isNumber() && !line.has("step")) {
      throw new IOException(log + ", line " + number + " is not progress; expected a JSON object with tokens and trainBits");
    }
    return line;
  }
}
