package org.tarflowlm.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.tarflowlm.TestModels;
import org.tarflowlm.kernel.Parallel;

/** Who gets which network, and what becomes of the others. */
class NetworkPoolTest {
  private final AtomicInteger built = new AtomicInteger();
  private final NetworkPool pool = new NetworkPool(() -> {
    built.incrementAndGet();
    return TarFlowNetwork.create(TestModels.everyCoupling(1), OptimizerSpec.defaults(), 1, 1);
  });

  static boolean severalThreads() {
    return Parallel.threads() > 1;
  }

  @Test
  void aLoneCallerAlwaysHasTheSameNetwork() {
    TarFlowLayer first = pool.with(layer -> layer);
    assertSame(first, pool.with(layer -> layer));
    assertThrows(IllegalStateException.class, () -> pool.with(layer -> {
      throw new IllegalStateException("work failed");
    }));
    assertSame(first, pool.with(layer -> pool.with(inner -> inner)), "a call within a call");
    assertEquals(1, built.get());
    assertThrows(IllegalStateException.class, () -> pool.with(layer -> {
      pool.close(() -> {});
      return layer;
    }));
    pool.close(() -> {});
  }

  @Test
  @EnabledIf("severalThreads")
  void aSecondCallerHasItsOwnAndClosingWaitsForBoth() throws Exception {
    CountDownLatch taken = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    CompletableFuture<TarFlowLayer> other = CompletableFuture.supplyAsync(() -> pool.with(layer -> {
      taken.countDown();
      await(go);
      return layer;
    }));
    await(taken);
    TarFlowLayer mine = pool.with(layer -> layer);
    AtomicBoolean released = new AtomicBoolean();
    CompletableFuture<Void> closing = CompletableFuture.runAsync(() -> pool.close(() -> released.set(true)));
    assertThrows(TimeoutException.class, () -> closing.get(100, TimeUnit.MILLISECONDS));
    assertFalse(released.get());
    go.countDown();
    assertNotSame(mine, other.get());
    closing.get();
    assertTrue(released.get());
    assertEquals(2, built.get());
  }

  private static void await(CountDownLatch latch) {
    try {
      assertTrue(latch.await(30, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
