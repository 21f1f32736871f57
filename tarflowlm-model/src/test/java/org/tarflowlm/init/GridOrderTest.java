package org.tarflowlm.init;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.tokens.TokenArray;

class GridOrderTest {
  /** Even and odd ids alternate, and chance picks each of them: the text before tells the parity alone. */
  private static TokenArray turns(int vocab) {
    Random random = new Random(1);
    return new TokenArray(IntStream.range(0, 4000).map(t -> random.nextInt(vocab / 2) * 2 + t % 2).toArray(), vocab);
  }

  @Test
  void theFirstChannelIsWhatTheTextBeforeTells() {
    List<Integer> order = GridOrder.of(turns(8), 3);
    Set<Integer> half = new TreeSet<>(order.subList(0, 4));
    assertTrue(half.equals(Set.of(0, 2, 4, 6)) || half.equals(Set.of(1, 3, 5, 7)), order.toString());
  }

  @ParameterizedTest
  @CsvSource({"8, 3", "8, 1", "6, 2", "26, 5", "2, 4"})
  void eachIdComesOnceAndTheSameTextGivesTheSameOrder(int vocab, int channels) {
    List<Integer> order = GridOrder.of(turns(vocab), channels);
    assertEquals(IntStream.range(0, vocab).boxed().toList(), order.stream().sorted().toList());
    assertEquals(order, GridOrder.of(turns(vocab), channels));
  }

  @Test
  void tooManyTokensAreRefused() {
    DataException e = assertThrows(DataException.class, () -> GridOrder.of(new TokenArray(new int[] {1}, 257), 5));
    assertEquals("the vocabulary has 257 tokens; expected at most 256", e.getMessage());
    e = assertThrows(DataException.class, () -> GridOrder.of(turns(8), 0));
    assertEquals("the grid has 0 channels; expected at least 1", e.getMessage());
  }
}
