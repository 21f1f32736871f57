package org.tarflowlm.notebooks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tarflowlm.notebooks.Notebook.Cell;

/** The notebooks run, and their stored outputs are of the same kind as today's. System properties cut long loops short. */
class NotebooksTest {
  private static final Path FOLDER = Path.of("notebooks");
  /** Tag of cells that print times, or results of loops that are cut short here. Seeds make all other cells print the same again. */
  private static final String VARIES = "varies";
  /** Processors round differently. */
  private static final double TOLERANCE = 0.02;

  @BeforeAll
  static void quickly() {
    System.setProperty("tarflowlm.notebook.steps", "2");
    System.setProperty("tarflowlm.notebook.windows", "2");
  }

  @AfterAll
  static void asBefore() {
    System.clearProperty("tarflowlm.notebook.steps");
    System.clearProperty("tarflowlm.notebook.windows");
  }

  /** All notebooks, or those whose names match {@code -Dnotebook=REGEX}. */
  static List<Path> notebooks() throws IOException {
    String names = System.getProperty("notebook", ".*");
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files.filter(file -> file.getFileName().toString().matches(names + "\\.ipynb")).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("notebooks")
  void everyCellRunsAndPutsOutWhatIsStored(Path file) throws IOException {
    ClassLoader before = Thread.currentThread().getContextClassLoader();
    try (NotebookShell shell = new NotebookShell()) {
      for (Cell cell : Notebook.read(file).code()) {
        assertEquals(cell.outputs(), shell.run(cell.java()), cell.source());
        if (!cell.tags().contains(VARIES) && !cell.source().contains("Runtime.version()")) {
          assertSameValues(cell.printed(), shell.printed());
        }
      }
    } finally {
      Thread.currentThread().setContextClassLoader(before);
    }
  }

  /** Checks that words are equal, and numbers nearly so. */
  private static void assertSameValues(String stored, String printed) {
    String[] expected = stored.strip().split("\\s+");
    String[] found = printed.strip().split("\\s+");
    assertEquals(expected.length, found.length, printed);
    for (int i = 0; i < expected.length; i++) {
      if (expected[i].matches("-?\\d+\\.\\d+,?")) {
        double value = Double.parseDouble(expected[i].replace(",", ""));
        assertEquals(value, Double.parseDouble(found[i].replace(",", "")), TOLERANCE * Math.max(1, Math.abs(value)), printed);
      } else {
        assertEquals(expected[i], found[i], printed);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("notebooks")
  void isStoredAsRunFromTopToBottom(Path file) throws IOException {
    List<Cell> code = Notebook.read(file).code();
    for (int i = 0; i < code.size(); i++) {
      assertEquals(i + 1, code.get(i).count(), code.get(i).source());
    }
    assertTrue(code.stream().anyMatch(cell -> cell.outputs().stream().anyMatch(each -> each.endsWith("image/png"))), "an image");
  }

  @ParameterizedTest
  @MethodSource("notebooks")
  void magicsStandInTheFirstCellOnly(Path file) throws IOException {
    List<Cell> code = Notebook.read(file).code();
    assertEquals(List.of("%jar ../target/notebook-jars"), code.get(0).magics());
    for (Cell cell : code.subList(1, code.size())) {
      assertEquals(List.of(), cell.magics(), cell.source());
    }
  }

  @ParameterizedTest
  @MethodSource("notebooks")
  void proseStandsBeforeEveryCell(Path file) throws IOException {
    List<Cell> cells = Notebook.read(file).cells();
    for (int i = 0; i < cells.size(); i++) {
      if (cells.get(i).code()) {
        assertFalse(i == 0 || cells.get(i - 1).code(), cells.get(i).source());
      }
    }
  }

  @Test
  void thePageNamesThemAll() throws IOException {
    List<Path> files = notebooks();
    String page = Files.readString(Path.of("..", "docs", "notebooks.md"));
    for (Path file : files) {
      String title = Notebook.read(file).title().replaceFirst("^# ", "");
      assertTrue(page.contains("[" + title + "](../tarflowlm-examples/notebooks/" + file.getFileName() + ")"), title);
    }
  }

  /** Tests the shell itself: a lenient shell would let failures pass unnoticed. */
  @Test
  void failingCellsFail() {
    try (NotebookShell shell = new NotebookShell()) {
      assertThrows(AssertionError.class, () -> shell.run("int x = \"text\";"));
      assertThrows(AssertionError.class, () -> shell.run("List.of(1).get(5)"));
      assertThrows(AssertionError.class, () -> shell.run("for (int i = 0; i < 2; i++) {"));
      assertThrows(AssertionError.class, () -> shell.run("undefined()"));
      assertThrows(AssertionError.class, () -> shell.run("void f() { missing(); }\nf();"));
      assertEquals(List.of("stdout of 2 lines", "execute_result text/plain"),
          shell.run("System.out.println(1);\nSystem.out.println(2);\n40 + 2"));
      assertEquals(List.of(), shell.run("int y = 3;"));
      assertEquals(List.of("display_data text/plain"), shell.run("String id = display(\"a\");\nupdateDisplay(id, \"b\");"));
    }
  }
}
