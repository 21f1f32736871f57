package org.tarflowlm.nn.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.tarflowlm.nn.session.MemoryPlan.Value;

class MemoryPlanTest {
  @Test
  void valuesThatAreNotAliveTogetherShareAPlace() {
    MemoryPlan plan = new MemoryPlan();
    Value first = plan.add(640, 0);
    first.keep(1);
    Value second = plan.add(128, 1);
    second.keep(3);
    Value third = plan.add(500, 2);
    assertEquals(768, plan.place());
    assertEquals(0, first.offset());
    assertEquals(640, second.offset());
    assertEquals(0, third.offset());
  }

  @Test
  void aGapIsFilled() {
    MemoryPlan plan = new MemoryPlan();
    plan.add(1024, 0).keep(1);
    plan.add(512, 0).keep(9);
    Value small = plan.add(1, 5);
    assertEquals(1536, plan.place());
    assertEquals(0, small.offset());
  }

  @Test
  void nothingOverlapsAndLittleIsLost() {
    Random random = new Random(3);
    for (int round = 0; round < 20; round++) {
      int steps = 100;
      MemoryPlan plan = new MemoryPlan();
      List<Value> values = new ArrayList<>();
      List<int[]> ranges = new ArrayList<>();
      long[] alive = new long[2 * steps];
      for (int step = 0; step < steps; step++) {
        int bytes = MemoryPlan.LINE_BYTES * (1 + random.nextInt(50));
        int last = step + random.nextInt(steps / 2);
        Value value = plan.add(bytes - random.nextInt(MemoryPlan.LINE_BYTES), step);
        value.keep(last);
        values.add(value);
        ranges.add(new int[] {step, last, bytes});
        for (int at = step; at <= last; at++) {
          alive[at] += bytes;
        }
      }
      long total = plan.place();
      for (int i = 0; i < values.size(); i++) {
        int[] a = ranges.get(i);
        long from = values.get(i).offset();
        assertTrue(from % MemoryPlan.LINE_BYTES == 0 && from >= 0 && from + a[2] <= total);
        for (int j = 0; j < i; j++) {
          int[] b = ranges.get(j);
          long other = values.get(j).offset();
          assertTrue(a[0] > b[1] || b[0] > a[1] || from + a[2] <= other || other + b[2] <= from, "round " + round + ": " + i + ", " + j);
        }
      }
      long most = Arrays.stream(alive).max().orElseThrow();
      assertTrue(total < 1.2 * most, "round " + round + ": " + total + " bytes for " + most);
    }
  }
}
