package org.tarflowlm.nn;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;

import org.junit.jupiter.api.Test;

class EarlyStartTest {
  /** A process would start more slowly, and nobody would see why. */
  @Test
  void theRehearsalRunsToItsEnd() {
    TarFlowNetwork.ensureBackend();
    assertDoesNotThrow(EarlyStart::scoreZeros);
  }
}
