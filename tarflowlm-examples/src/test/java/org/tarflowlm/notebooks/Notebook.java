package org.tarflowlm.notebooks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A stored notebook.
 *
 * @param title its first line
 * @param cells in order
 */
record Notebook(String title, List<Cell> cells) {

  /**
   * A cell.
   *
   * @param code true for code, false for prose
   * @param outputs of code, as stored: {@code stdout} with its number of lines, or the kind and type of what it showed
   * @param printed standard output as stored
   * @param count number of the run that was stored; 0 if the cell never ran
   * @param tags from its metadata
   */
  record Cell(boolean code, String source, List<String> outputs, String printed, int count, List<String> tags) {
    /** Lines for the kernel, not for Java. */
    List<String> magics() {
      return source.lines().filter(line -> line.startsWith("%")).toList();
    }

    String java() {
      return source.lines().filter(line -> !line.startsWith("%")).reduce("", (before, line) -> before + line + "\n");
    }
  }

  static Notebook read(Path file) throws IOException {
    List<Cell> cells = new ArrayList<>();
    for (JsonNode cell : new ObjectMapper().readTree(file.toFile()).get("cells")) {
      cells.add(new Cell(cell.get("cell_type").asText().equals("code"), text(cell.get("source")), outputs(cell.path("outputs")),
          printed(cell.path("outputs")), cell.path("execution_count").asInt(), tags(cell)));
    }
    return new Notebook(cells.get(0).source().lines().findFirst().orElse(""), cells);
  }

  List<Cell> code() {
    return cells.stream().filter(Cell::code).toList();
  }

  private static List<String> tags(JsonNode cell) {
    List<String> tags = new ArrayList<>();
    cell.path("metadata").path("tags").forEach(tag -> tags.add(tag.asText()));
    return tags;
  }

  /** Joins pieces of standard output, because kernels cut it where they like. */
  private static List<String> outputs(JsonNode stored) {
    List<String> outputs = new ArrayList<>();
    String printed = printed(stored);
    for (JsonNode output : stored) {
      String kind = output.get("output_type").asText();
      if (kind.equals("stream") && output.get("name").asText().equals("stdout")) {
        continue;
      }
      if (kind.equals("stream")) {
        outputs.add("stderr");
      } else if (kind.equals("error")) {
        outputs.add("error " + output.get("ename").asText());
      } else {
        outputs.add(kind + " " + (output.get("data").has("image/png") ? "image/png" : "text/plain"));
      }
    }
    if (!printed.isEmpty()) {
      outputs.add(0, "stdout of " + printed.lines().count() + " lines");
    }
    return outputs;
  }

  private static String printed(JsonNode stored) {
    StringBuilder printed = new StringBuilder();
    for (JsonNode output : stored) {
      if (output.get("output_type").asText().equals("stream") && output.get("name").asText().equals("stdout")) {
        printed.append(text(output.get("text")));
      }
    }
    return printed.toString();
  }

  /** Reads a string, or a list of lines. */
  private static String text(JsonNode lines) {
    StringBuilder text = new StringBuilder(lines.isTextual() ? lines.asText() : "");
    lines.forEach(line -> text.append(line.asText()));
    return text.toString();
  }
}
