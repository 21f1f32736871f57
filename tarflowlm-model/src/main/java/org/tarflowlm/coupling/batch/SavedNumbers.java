package org.tarflowlm.coupling.batch;

/**
 * Stores the numbers that a single-precision forward map saves for its gradient, which reads them back in the same order and portions.
 * Implementations copy directly to and from the final storage: an extra copy would cost as much as the formulas.
 */
public interface SavedNumbers {
  /** Appends the first {@code count} numbers of {@code source}. */
  void write(float[] source, int count);

  /** Reads the next {@code count} numbers into {@code target}. */
  void read(float[] target, int count);
}
