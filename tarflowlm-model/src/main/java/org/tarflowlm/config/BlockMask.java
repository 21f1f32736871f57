package org.tarflowlm.config;

/**
 * A mask over the blocks of a weight matrix [sources perSource, targets perTarget]. Target block t reads source block s if s is below t
 * or, with {@code same}, if s = t.
 */
public record BlockMask(int sources, int perSource, int targets, int perTarget, boolean same) {
  /** Rows of the matrix. */
  public int in() {
    return sources * perSource;
  }

  /** Columns of the matrix. */
  public int out() {
    return targets * perTarget;
  }

  /** The first column that reads a row; all later ones read it too. */
  public int firstColumn(int row) {
    return Math.min(out(), (row / perSource + (same ? 0 : 1)) * perTarget);
  }

  /** How many rows a column reads: all from the first on. */
  public int rowsOf(int column) {
    return Math.min(in(), (column / perTarget + (same ? 1 : 0)) * perSource);
  }
}
