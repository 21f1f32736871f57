package org.tarflowlm.graph;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/** How the transformer's building blocks are computed. */
public enum KernelChoice {
  /** Fused where possible: FLOAT on a CPU backend; composed elsewhere. */
  AUTO,
  /** Java kernels with native matrix products; FLOAT on the CPU only. */
  FUSED,
  /** Stock SameDiff ops: any backend and floating-point type. */
  COMPOSED;

  /** The choice made for a graph of this type on the running backend; never AUTO. */
  public KernelChoice resolve(DataType type) {
    boolean cpu = Nd4j.getBackend().getClass().getSimpleName().toLowerCase(java.util.Locale.ROOT).contains("cpu");
    boolean possible = cpu && type == DataType.FLOAT;
    if (this == FUSED && !possible) {
      throw new IllegalArgumentException("kernels FUSED need FLOAT on a CPU backend; found " + type + " on "
          + Nd4j.getBackend().getClass().getSimpleName());
    }
    return this == COMPOSED || !possible ? COMPOSED : FUSED;
  }
}
