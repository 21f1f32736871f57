package org.tarflowlm.data.windows;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.tokens.TokenArray;
import org.tarflowlm.data.tokens.TokenSequence;

class WindowIteratorTest {
  /** Token n is n, so a window shows where it starts. */
  private static TokenSequence counting(int n) {
    return new TokenArray(IntStream.range(0, n).toArray(), Math.max(n, 1));
  }

  private static List<Integer> starts(WindowIterator it, int batches) {
    List<Integer> starts = new ArrayList<>();
    for (int i = 0; i < batches && it.hasNext(); i++) {
      INDArray ids = it.next().getFeatures(0);
      for (int row = 0; row < ids.rows(); row++) {
        starts.add(ids.getInt(row, 0));
        assertEquals(ids.getInt(row, 0) + ids.columns() - 1, ids.getInt(row, ids.columns() - 1));
      }
    }
    return starts;
  }

  @Test
  void shapesAndTypes() {
    MultiDataSet batch = WindowIterator.builder(counting(100), 8).batch(4).build().next();
    assertArrayEquals(new long[] {4, 8}, batch.getFeatures(0).shape());
    assertEquals(DataType.INT32, batch.getFeatures(0).dataType());
    assertSame(batch.getFeatures(0), batch.getLabels(0));
  }

  @Test
  void inOrderCoversTheTextOnce() {
    WindowIterator it = WindowIterator.builder(counting(50), 8).batch(4).build();
    assertEquals(2, it.batches());
    assertEquals(List.of(0, 8, 16, 24, 32, 40), starts(it, 9));
    assertFalse(it.hasNext());
    it.reset();
    assertEquals(List.of(0, 8, 16, 24), starts(it, 1));
  }

  @Test
  void shuffledPassesVisitEveryWindowOnceAndDiffer() {
    WindowIterator it = WindowIterator.builder(counting(1000), 7).batch(10).shuffled(5).endless().build();
    int perPass = (int) it.windowsPerPass();
    List<Integer> all = starts(it, perPass * 4 / 10 + 1);
    Set<Integer> phases = new HashSet<>();
    for (int pass = 0; pass < 4; pass++) {
      List<Integer> starts = all.subList(pass * perPass, (pass + 1) * perPass);
      assertEquals(perPass, new HashSet<>(starts).size());
      assertEquals(1, starts.stream().map(s -> s % 7).distinct().count());
      assertNotEquals(starts.stream().sorted().toList(), starts);
      phases.add(starts.get(0) % 7);
    }
    assertTrue(phases.size() > 1, phases.toString());
  }

  @Test
  void seedsRepeatAndDiffer() {
    List<Integer> a = starts(WindowIterator.builder(counting(999), 5).batch(7).shuffled(1).build(), 20);
    assertEquals(a, starts(WindowIterator.builder(counting(999), 5).batch(7).shuffled(1).build(), 20));
    assertNotEquals(a, starts(WindowIterator.builder(counting(999), 5).batch(7).shuffled(2).build(), 20));
  }

  @Test
  void seekFindsTheSameBatches() {
    WindowIterator a = WindowIterator.builder(counting(500), 6).batch(9).shuffled(3).endless().build();
    starts(a, 41);
    assertEquals(41, a.position());
    WindowIterator b = WindowIterator.builder(counting(500), 6).batch(9).shuffled(3).endless().build();
    b.seek(41);
    assertEquals(starts(a, 5), starts(b, 5));
  }

  @Test
  void resetShufflesAnew() {
    WindowIterator it = WindowIterator.builder(counting(700), 7).batch(50).shuffled(3).build();
    List<Integer> first = starts(it, 100);
    it.reset();
    List<Integer> second = starts(it, 100);
    assertEquals(first.size(), second.size());
    assertNotEquals(first, second);
  }

  @Test
  void workersShareNoWindowAndMissNone() {
    for (boolean shuffled : new boolean[] {false, true}) {
      List<Integer> all = new ArrayList<>();
      for (int k = 0; k < 3; k++) {
        WindowIterator.Builder builder = WindowIterator.builder(counting(101), 5).batch(4).shard(k, 3);
        all.addAll(starts((shuffled ? builder.shuffled(8) : builder).build(), 100));
      }
      WindowIterator.Builder builder = WindowIterator.builder(counting(101), 5);
      List<Integer> expected = starts((shuffled ? builder.shuffled(8) : builder).build(), 100);
      assertEquals(expected.stream().sorted().toList(), all.stream().sorted().toList());
    }
  }

  @Test
  void aTextOfOneWindow() {
    for (int n : new int[] {8, 9, 15, 16}) {
      WindowIterator it = WindowIterator.builder(counting(n), 8).shuffled(1).endless().build();
      assertEquals(1, it.windowsPerPass());
      for (int start : starts(it, 30)) {
        assertTrue(start >= 0 && start + 8 <= n, Arrays.toString(new int[] {start, n}));
      }
    }
  }

  @Test
  void badSettingsAreNamed() {
    assertMessage("has 7 tokens; expected at least one window of 8", WindowIterator.builder(counting(7), 8));
    assertMessage("window length is 0", WindowIterator.builder(counting(7), 0));
    assertThrows(DataException.class, () -> WindowIterator.builder(counting(9), 8).shard(2, 2));
    assertMessage("worker 1 of 2 has no window", WindowIterator.builder(counting(9), 8).shard(1, 2));
  }

  private static void assertMessage(String part, WindowIterator.Builder builder) {
    String message = assertThrows(DataException.class, builder::build).getMessage();
    assertTrue(message.contains(part), message);
  }
}
