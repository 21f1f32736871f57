package org.tarflowlm.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.bench.StepBenchmark.Model;
import org.tarflowlm.bench.StepBenchmark.Shape;
import org.tarflowlm.bench.Suite.Figure;
import org.tarflowlm.bench.Suite.Topic;

class SuiteTest {
  private static final Map<String, Shape> SHAPES = Map.of("tiny", new Shape(Model.AR, 2, 8, 16, List.of(1), 2));

  private static Suite suite(Figure... figures) {
    return new Suite(true, Circumstances.now(), List.of(figures));
  }

  @Test
  void measuresAndIsReadAgain(@TempDir Path folder) throws IOException {
    Suite suite = new SuiteTopics(new SuiteTurns(0.01, 3, () -> false), SHAPES, List.of()).run(EnumSet.of(Topic.STEP));
    assertTrue(suite.complete());
    Figure figure = suite.figures().get(0);
    assertEquals(List.of("tiny", "ms", 3), List.of(figure.name(), figure.unit(), figure.turns()));
    assertTrue(0 < figure.least() && figure.least() <= figure.median() && figure.median() <= figure.most(), figure.toString());
    Suite again = Suite.read(Files.writeString(folder.resolve("suite.json"), suite.json()));
    assertEquals(suite, again);
    assertTrue(suite.markdown().contains("| step | tiny | "), suite.markdown());
    assertTrue(suite.circumstances().cores() > 0 && !suite.circumstances().processor().isBlank(), suite.circumstances().toString());
  }

  @Test
  void keepsWhatItHasWhenItIsInterrupted() {
    AtomicInteger calls = new AtomicInteger();
    Map<String, Shape> shapes = new LinkedHashMap<>(SHAPES);
    shapes.put("another", SHAPES.get("tiny"));
    SuiteTurns turns = new SuiteTurns(1e-9, 1, () -> calls.incrementAndGet() > 4);
    Suite suite = new SuiteTopics(turns, shapes, List.of()).run(EnumSet.of(Topic.STEP));
    assertFalse(suite.complete());
    assertEquals(List.of("tiny"), suite.figures().stream().map(Figure::name).toList());
    assertTrue(suite.markdown().endsWith("Incomplete: some figures are missing.\n"), suite.markdown());
  }

  @Test
  void aTopicThatFailsCostsNoOther() {
    SuiteTurns turns = new SuiteTurns(1e-9, 1, () -> false);
    Suite suite = new SuiteTopics(turns, SHAPES, List.of("nothing")).run(EnumSet.of(Topic.STEP, Topic.SCORE));
    assertFalse(suite.complete());
    assertEquals(List.of("tiny"), suite.figures().stream().map(Figure::name).toList());
  }

  @Test
  void marksWhatDiffersBeyondTheSpread() {
    Suite before = suite(Figure.of(Topic.STEP, "slower", "ms", List.of(10.0, 11.0, 12.0)),
        Figure.of(Topic.STEP, "the same", "ms", List.of(10.0, 11.0, 12.0)),
        Figure.of(Topic.GENERATE, "more", "tokens/s", List.of(1.0, 2.0)),
        Figure.of(Topic.MEMORY, "gone", "MB", List.of(1.0)));
    Suite after = suite(Figure.of(Topic.STEP, "slower", "ms", List.of(22.0, 22.0, 23.0)),
        Figure.of(Topic.STEP, "the same", "ms", List.of(12.0, 13.0, 14.0)),
        Figure.of(Topic.GENERATE, "more", "tokens/s", List.of(3.0, 4.0)),
        Figure.of(Topic.MEMORY, "come", "MB", List.of(1.0)));
    Comparison found = Comparison.of(before, after);
    assertEquals(List.of("worse", "", "better"), found.lines().stream().map(Comparison.Line::beyondTheSpread).toList());
    assertEquals(2.0, found.lines().get(0).ratio());
    assertEquals(List.of(), found.circumstances());
    assertEquals(List.of("memory: gone, MB"), found.onlyOld());
    assertEquals(List.of("memory: come, MB"), found.onlyNew());
    assertTrue(found.markdown().contains("| step | slower | ms | 11.0 (10.0 to 12.0) | 22.0 (22.0 to 23.0) | 2.000 | worse |"),
        found.markdown());
    Suite other = suite(Figure.of(Topic.SCORE, "speed", "tokens/s", List.of(1.0)));
    String message = assertThrows(IllegalArgumentException.class, () -> Comparison.of(before, other)).getMessage();
    assertEquals("the two files have no figure in common: 4 figures of [STEP, GENERATE, MEMORY]; 1 figures of [SCORE]", message);
  }

  @Test
  void tellsOtherCircumstances() {
    Circumstances now = Circumstances.now();
    Figure figure = Figure.of(Topic.STEP, "one", "ms", List.of(1.0));
    Circumstances other = new Circumstances(now.date(), "another processor", now.cores(), now.threads(), now.java(), now.system(),
        now.library(), "Nehalem", now.commit(), now.loadAverage());
    Comparison found = Comparison.of(new Suite(true, now, List.of(figure)), new Suite(true, other, List.of(figure)));
    assertEquals(List.of("processor: " + now.processor() + ", then another processor", "core type: " + now.coreType() + ", then Nehalem"),
        found.circumstances());
  }
}
