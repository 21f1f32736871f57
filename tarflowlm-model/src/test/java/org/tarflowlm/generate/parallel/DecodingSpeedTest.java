package org.tarflowlm.generate.parallel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DecodingSpeedTest {
  private static final int POSITIONS = 32;
  private static final int STEP = 1000;
  /** Passes of a stretch that guesses well. */
  private static final int FEW = 12;

  /** Decodes {@code count} stretches in the time that blocks take, in steps, if warm; returns which went by blocks, from 1 on. */
  private static List<Integer> blocks(DecodingSpeed speed, int count, double steps, int passes) {
    List<Integer> found = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      boolean blocks = speed.byBlocks(Decoding.AUTO);
      if (blocks) {
        found.add(i);
      }
      // blocks are slow at first, until their code is compiled
      double time = blocks ? found.size() <= 4 ? 100 : steps : 1;
      speed.measured(blocks, (long) (time * STEP * POSITIONS), POSITIONS, blocks ? passes : 0);
    }
    return found;
  }

  private static List<Integer> range(int from, int to) {
    return IntStream.rangeClosed(from, to).boxed().toList();
  }

  @Test
  void blocksStayWhereTheyAreFaster() {
    DecodingSpeed speed = new DecodingSpeed();
    List<Integer> found = blocks(speed, 100, 0.5, FEW);
    assertEquals(range(16, 38), found.subList(0, 23));
    assertEquals(range(41, 70), found.subList(23, 53), "two steps showed that blocks still are faster");
    assertTrue(speed.byBlocks(Decoding.AUTO));
    assertFalse(speed.byBlocks(Decoding.SEQUENTIAL));
    assertTrue(speed.byBlocks(Decoding.PARALLEL));
  }

  @Test
  void aTrialEndsWhenTwoCompiledStretchesHaveLost() {
    List<Integer> expected = new ArrayList<>(range(16, 21));
    expected.addAll(range(37, 38)); // the 32nd and 64th of the stretches outside trials
    expected.addAll(range(70, 71));
    assertEquals(expected, blocks(new DecodingSpeed(), 100, 1.1, FEW));
  }

  @Test
  void aTrialEndsAtOnceWhereGuessesArePoor() {
    assertEquals(List.of(16, 32, 64), blocks(new DecodingSpeed(), 100, 3.0, 30));
    assertTrue(DecodingSpeed.isHopeless(8, 9));
    assertFalse(DecodingSpeed.isHopeless(8, 10));
    assertFalse(DecodingSpeed.isHopeless(7, 7), "too early to tell");
  }

  @Test
  void interruptedStretchesDoNotChangeTheChoice() {
    DecodingSpeed speed = new DecodingSpeed();
    blocks(speed, 30, 0.5, FEW);
    for (int i = 0; i < 2; i++) {
      speed.measured(true, 1000L * STEP * POSITIONS, POSITIONS, FEW);
    }
    assertTrue(speed.byBlocks(Decoding.AUTO));
  }

  @Test
  void stepsAreForeseenUntilTheNextTrial() {
    DecodingSpeed speed = new DecodingSpeed();
    blocks(speed, 10, 2.0, FEW);
    assertTrue(speed.goesBySteps(5));
    assertFalse(speed.goesBySteps(6), "the 16th stretch is a trial");
    speed.passed(5);
    assertTrue(speed.byBlocks(Decoding.AUTO));
    assertFalse(speed.goesBySteps(1), "a trial");
  }
}
