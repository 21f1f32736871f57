package org.tarflowlm.graph;

import org.nd4j.linalg.api.buffer.DataType;
import org.tarflowlm.ops.HostMemory;

/** How the transformer's building blocks and the couplings are computed. */
public enum KernelChoice {
  /**
   * The quickest that the running backend can do. On the CPU, fused blocks in FLOAT, composed ones in DOUBLE, and Java kernels for
   * the couplings in both; on another backend, stock ops throughout.
   */
  AUTO,
  /** Java kernels with native matrix products; FLOAT on the CPU only. */
  FUSED,
  /** Stock SameDiff ops throughout: any backend and floating-point type. */
  COMPOSED;

  /** The choice made for the transformer's blocks of a graph of this type on the running backend; never AUTO. */
  public KernelChoice resolve(DataType type) {
    boolean possible = HostMemory.isShared() && type == DataType.FLOAT;
    if (this == FUSED && !possible) {
      throw new IllegalArgumentException("kernels FUSED need FLOAT on a CPU backend; found " + type + " on "
          + HostMemory.backend());
    }
    return this == COMPOSED || !possible ? COMPOSED : FUSED;
  }

  /** Whether Java code may work on the arrays' memory: in the couplings, whatever the type, and in the optimiser. */
  public boolean usesJava() {
    return this != COMPOSED && HostMemory.isShared();
  }
}
