package org.tarflowlm.graph;

import org.nd4j.linalg.api.buffer.DataType;
import org.tarflowlm.backend.HostMemory;

/** How the transformer's building blocks and the couplings are computed. */
public enum KernelChoice {
  /**
   * The fastest choice that the running backend supports. On the CPU: fused blocks in FLOAT, composed ones in DOUBLE, and Java kernels for
   * the couplings in both. On other backends: stock ops throughout.
   */
  AUTO,
  /** Java kernels with native matrix products, only for FLOAT on the CPU. */
  FUSED,
  /** Stock SameDiff ops throughout, for any backend and floating-point type. */
  COMPOSED;

  /** Resolves AUTO for the transformer's blocks in a graph of this type; throws an IllegalArgumentException if FUSED is impossible. */
  public KernelChoice resolve(DataType type) {
    boolean possible = HostMemory.isShared() && type == DataType.FLOAT;
    if (this == FUSED && !possible) {
      throw new IllegalArgumentException("kernels FUSED need FLOAT on a CPU backend; found " + type + " on "
          + HostMemory.backend());
    }
    return this == COMPOSED || !possible ? COMPOSED : FUSED;
  }

  /** Whether Java code may access the arrays' memory, as the couplings (for any type) and the optimiser do. */
  public boolean usesJava() {
    return this != COMPOSED && HostMemory.isShared();
  }
}
