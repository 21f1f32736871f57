package org.tarflowlm.coupling.batch;

/**
 * Where a forward map of single precision leaves what its gradient needs, and from where the gradient takes it, in the same order and
 * portions. Straight between a kernel's arrays and wherever the numbers lie: a copy on the way would cost as much as the formulas.
 */
public interface SavedNumbers {
  /** Appends the first {@code count} numbers of {@code source}. */
  void write(float[] source, int count);

  /** Takes the next {@code count} numbers into {@code target}. */
  void read(float[] target, int count);
}
