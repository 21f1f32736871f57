package org.tarflowlm.notebooks;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import jdk.jshell.ExpressionSnippet;
import jdk.jshell.JShell;
import jdk.jshell.Snippet;
import jdk.jshell.Snippet.SubKind;
import jdk.jshell.SnippetEvent;
import jdk.jshell.SourceCodeAnalysis.Completeness;
import jdk.jshell.SourceCodeAnalysis.CompletionInfo;
import jdk.jshell.VarSnippet;

/** Runs a notebook's cells in this process as the kernel would: with its imports, and the last expression as the cell's value. */
final class NotebookShell implements AutoCloseable {
  private static final List<String> IMPORTS = List.of("java.util.*", "java.io.*", "java.math.*", "java.net.*", "java.util.concurrent.*",
      "java.util.prefs.*", "java.util.regex.*", "static org.tarflowlm.notebooks.NotebookDisplay.display",
      "static org.tarflowlm.notebooks.NotebookDisplay.updateDisplay");

  private String printed = "";
  private final JShell shell = JShell.builder().executionEngine("local").build();

  NotebookShell() {
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      shell.addToClasspath(entry);
    }
    IMPORTS.forEach(each -> evaluate("import " + each + ";"));
    NotebookDisplay.take();
  }

  /**
   * Runs a cell.
   *
   * @return its outputs, in the words of {@link Notebook.Cell#outputs}
   * @throws AssertionError if it does not compile, or throws
   */
  List<String> run(String source) {
    PrintStream before = System.out;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    try {
      show(last(source));
    } finally {
      System.setOut(before);
    }
    List<String> outputs = new ArrayList<>();
    printed = bytes.toString(StandardCharsets.UTF_8);
    if (!printed.isEmpty()) {
      outputs.add("stdout of " + printed.lines().count() + " lines");
    }
    outputs.addAll(NotebookDisplay.take());
    return outputs;
  }

  /** Standard output of the last cell. */
  String printed() {
    return printed;
  }

  private Snippet last(String source) {
    Snippet last = null;
    CompletionInfo info = shell.sourceCodeAnalysis().analyzeCompletion(source);
    while (info.completeness().isComplete()) {
      last = evaluate(info.source());
      info = shell.sourceCodeAnalysis().analyzeCompletion(info.remaining());
    }
    if (info.completeness() != Completeness.EMPTY) {
      throw new AssertionError("not a whole statement: " + info.remaining());
    }
    return last;
  }

  private void show(Snippet last) {
    if (last instanceof ExpressionSnippet expression) {
      evaluate("org.tarflowlm.notebooks.NotebookDisplay.result(" + expression.name() + ");");
    } else if (last instanceof VarSnippet variable && variable.subKind() == SubKind.TEMP_VAR_EXPRESSION_SUBKIND) {
      evaluate("org.tarflowlm.notebooks.NotebookDisplay.result(" + variable.name() + ");");
    }
  }

  private Snippet evaluate(String source) {
    Snippet last = null;
    for (SnippetEvent event : shell.eval(source)) {
      if (event.causeSnippet() != null) {
        continue;
      }
      last = event.snippet();
      if (event.exception() != null) {
        throw new AssertionError(source, event.exception());
      }
      if (!event.status().isDefined()) {
        StringBuilder messages = new StringBuilder(source);
        shell.diagnostics(last).forEach(each -> messages.append("\n").append(each.getMessage(Locale.ROOT)));
        throw new AssertionError(messages);
      }
    }
    return last;
  }

  @Override
  public void close() {
    shell.close();
  }
}
