package org.tarflowlm.backend;

/** While it is open, the CPU's backend acts like one that keeps arrays outside the host's memory: Java code that looks there throws. */
public final class ForeignBackend implements AutoCloseable {
  public ForeignBackend() {
    HostMemory.treatAsForeign(true);
  }

  @Override
  public void close() {
    HostMemory.treatAsForeign(false);
  }
}
