package org.tarflowlm.ops;

/** A {@link RowsOp} that computes blocks of FLOAT arrays in single precision. */
interface FloatRows {
  /** {@link RowsOp#rows} in single precision. */
  void floatRows(RowBlock block);
}
