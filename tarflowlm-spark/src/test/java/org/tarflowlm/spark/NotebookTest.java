package org.tarflowlm.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import jdk.jshell.JShell;
import jdk.jshell.SnippetEvent;
import jdk.jshell.SourceCodeAnalysis.CompletionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Every cell of the notebook runs in JShell, in the tests' session, and prints and shows what is stored. */
@ExtendWith(Cluster.class)
class NotebookTest {
  private static final Path NOTEBOOK = Path.of("notebooks/spark.ipynb");
  /** Processors round differently. */
  private static final double TOLERANCE = 0.02;

  @Test
  void everyCellPrintsAndShowsWhatIsStored() throws Exception {
    ClassLoader before = Thread.currentThread().getContextClassLoader();
    try (JShell shell = JShell.builder().executionEngine("local").build()) {
      List.of(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")).split(File.pathSeparator))
          .forEach(shell::addToClasspath);
      run(shell, "import java.util.*;");
      int cells = 0;
      for (JsonNode cell : new ObjectMapper().readTree(NOTEBOOK.toFile()).get("cells")) {
        if (cell.get("cell_type").asText().equals("code")) {
          assertEquals(++cells, cell.get("execution_count").asInt());
          Output found = run(shell, text(cell.get("source")).replaceAll("(?m)^%.*$", ""));
          if (cell.at("/metadata/tags").toString().contains("varies")) {
            assertEquals(stored(cell).lines().count(), found.printed().lines().count(), found.printed());
          } else {
            assertSameValues(stored(cell), found.printed());
          }
          assertEquals(cell.get("outputs").toString().contains("image/png"), found.value().startsWith("BufferedImage@"), found.value());
        }
      }
    } finally {
      Thread.currentThread().setContextClassLoader(before);
    }
  }

  @Test
  void thePageNamesIt() throws IOException {
    String title = text(new ObjectMapper().readTree(NOTEBOOK.toFile()).get("cells").get(0).get("source")).lines().findFirst().orElseThrow();
    String page = Files.readString(Path.of("../docs/notebooks.md"));
    assertTrue(page.contains("[" + title.substring(2) + "](../tarflowlm-spark/" + NOTEBOOK + ")"), title);
  }

  /** Checks that words are equal, and numbers nearly so. */
  private static void assertSameValues(String stored, String printed) {
    String[] expected = stored.strip().split("\\s+");
    String[] found = printed.strip().split("\\s+");
    assertEquals(expected.length, found.length, printed);
    for (int i = 0; i < expected.length; i++) {
      if (expected[i].matches("-?\\d+\\.\\d+")) {
        assertEquals(Double.parseDouble(expected[i]), Double.parseDouble(found[i]), TOLERANCE, printed);
      } else {
        assertEquals(expected[i], found[i], printed);
      }
    }
  }

  private static String stored(JsonNode cell) {
    StringBuilder printed = new StringBuilder();
    for (JsonNode output : cell.get("outputs")) {
      if (output.path("name").asText().equals("stdout")) {
        printed.append(text(output.get("text")));
      }
    }
    return printed.toString();
  }

  private static String text(JsonNode lines) {
    StringBuilder text = new StringBuilder();
    lines.forEach(line -> text.append(line.asText()));
    return text.toString();
  }

  /** Output of a cell; its value is that of the last expression. */
  private record Output(String printed, String value) {}

  private static Output run(JShell shell, String cell) {
    PrintStream out = System.out;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
    String value = "";
    try {
      CompletionInfo info = shell.sourceCodeAnalysis().analyzeCompletion(cell);
      while (info.completeness().isComplete()) {
        value = "";
        for (SnippetEvent event : shell.eval(info.source())) {
          if (event.exception() != null || event.causeSnippet() == null && !event.status().isDefined()) {
            StringBuilder reasons = new StringBuilder(info.source());
            shell.diagnostics(event.snippet()).forEach(each -> reasons.append('\n').append(each.getMessage(Locale.ROOT)));
            throw new AssertionError(reasons.toString(), event.exception());
          }
          value = event.causeSnippet() == null && event.value() != null ? event.value() : value;
        }
        info = shell.sourceCodeAnalysis().analyzeCompletion(info.remaining());
      }
    } finally {
      System.setOut(out);
    }
    return new Output(printed.toString(StandardCharsets.UTF_8), value);
  }
}
