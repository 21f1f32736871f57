package org.tarflowlm.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.graph.Window;

/** The sessions keep graphs for several forms of window, but only so many. */
class WindowSessionsTest {
  private static final int ROOM = 3;
  private int built;

  private WindowSessions sessions(int most, long bytes) {
    return new WindowSessions((sd, window) -> {
      built++;
      SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, window.tokens());
      SDVariable w = sd.var("w", Nd4j.ones(DataType.FLOAT, window.tokens()).muli(2));
      sd.math().square("y", x.mul(w));
      sd.sum("loss", sd.getVariable("y"));
      sd.setLossVariables("loss");
    }, most, bytes);
  }

  private static double run(WindowSessions sessions, int tokens) {
    sessions.graph(Window.of(tokens));
    try (INDArray x = Nd4j.ones(DataType.FLOAT, 1, tokens)) {
      return sessions.outputs(List.of("loss"), Map.of("x", x)).get("loss").getDouble(0);
    }
  }

  @Test
  void theFormsUsedLastStay() {
    WindowSessions sessions = sessions(ROOM, Long.MAX_VALUE);
    for (int tokens : new int[] {5, 6, 7, 5, 6, 7, 6, 5}) {
      assertEquals(4 * tokens, run(sessions, tokens));
    }
    assertEquals(3, built);
    run(sessions, 8); // takes the place of 7
    assertEquals(ROOM, sessions.size());
    SameDiff five = sessions.graph(Window.of(5));
    run(sessions, 6);
    assertSame(five, sessions.graph(Window.of(5)));
    assertEquals(4, built);
    assertEquals(28, run(sessions, 7));
    assertEquals(5, built);
    assertEquals(ROOM, sessions.size());
  }

  @Test
  void theirMemoryIsBounded() {
    WindowSessions sessions = sessions(100, 4096);
    for (int tokens = 64; tokens < 128; tokens++) {
      assertEquals(4 * tokens, run(sessions, tokens));
      assertTrue(sessions.workingMemoryBytes() <= 4096 + 4096, "the one in use and 4,096 bytes: " + sessions.workingMemoryBytes());
    }
    assertTrue(sessions.size() < 64);
    assertEquals(4 * 4096, run(sessions, 4096));
    assertEquals(4 * 64, run(sessions, 64));
    assertEquals(1, sessions.size(), "a graph that is too large does not stay");
    sessions.close();
    assertEquals(0, sessions.workingMemoryBytes());
    assertEquals(4 * 64, run(sessions, 64));
  }

  @Test
  void aTrainingKeepsItsGraphWhileOthersRunForward() {
    WindowSessions sessions = sessions(ROOM, Long.MAX_VALUE);
    SameDiff graph = sessions.differentiable(Window.of(5));
    run(sessions, 6);
    run(sessions, 7);
    assertSame(graph, sessions.differentiable(Window.of(5)));
    assertEquals(Window.of(5), sessions.window());
    sessions.differentiable(Window.of(6));
    assertNotSame(graph, sessions.differentiable(Window.of(5)), "only the last graph with gradients stays");
  }
}
