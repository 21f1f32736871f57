package org.tarflowlm.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import jdk.jshell.JShell;
import jdk.jshell.SnippetEvent;
import jdk.jshell.SourceCodeAnalysis.CompletionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Every cell of the notebook runs, in JShell, and prints as many lines as are stored; in the tests' session. */
@ExtendWith(Cluster.class)
class NotebookTest {
  @Test
  void everyCellRunsAndPrintsAsManyLinesAsStored() throws Exception {
    ClassLoader before = Thread.currentThread().getContextClassLoader();
    try (JShell shell = JShell.builder().executionEngine("local").build()) {
      List.of(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")).split(File.pathSeparator))
          .forEach(shell::addToClasspath);
      run(shell, "import java.util.*;");
      int cells = 0;
      for (JsonNode cell : new ObjectMapper().readTree(Path.of("notebooks/spark.ipynb").toFile()).get("cells")) {
        if (cell.get("cell_type").asText().equals("code")) {
          assertEquals(++cells, cell.get("execution_count").asInt());
          String stored = cell.path("outputs").path(0).isMissingNode() ? "" : text(cell.get("outputs").get(0).get("text"));
          String printed = run(shell, text(cell.get("source")).replaceAll("(?m)^%.*$", ""));
          assertEquals(stored.lines().count(), printed.lines().count(), printed);
        }
      }
    } finally {
      Thread.currentThread().setContextClassLoader(before);
    }
  }

  private static String text(JsonNode lines) {
    StringBuilder text = new StringBuilder();
    lines.forEach(line -> text.append(line.asText()));
    return text.toString();
  }

  /** @return what the cell printed */
  static String run(JShell shell, String cell) {
    PrintStream out = System.out;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
    try {
      CompletionInfo info = shell.sourceCodeAnalysis().analyzeCompletion(cell);
      while (info.completeness().isComplete()) {
        for (SnippetEvent event : shell.eval(info.source())) {
          if (event.exception() != null || event.causeSnippet() == null && !event.status().isDefined()) {
            StringBuilder reasons = new StringBuilder(info.source());
            shell.diagnostics(event.snippet()).forEach(each -> reasons.append('\n').append(each.getMessage(Locale.ROOT)));
            throw new AssertionError(reasons.toString(), event.exception());
          }
        }
        info = shell.sourceCodeAnalysis().analyzeCompletion(info.remaining());
      }
    } finally {
      System.setOut(out);
    }
    return printed.toString(StandardCharsets.UTF_8);
  }
}
