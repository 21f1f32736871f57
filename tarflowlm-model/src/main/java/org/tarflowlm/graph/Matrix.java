package org.tarflowlm.graph;

import org.nd4j.autodiff.samediff.SDVariable;

/**
 * A weight matrix in a graph, with its size: SameDiff does not know the size of a computed (masked) matrix before the graph runs.
 *
 * @param value [in, out]
 */
record Matrix(SDVariable value, int in, int out) {
  /** A matrix that is a parameter. */
  static Matrix of(SDVariable parameter) {
    long[] shape = parameter.getShape();
    return new Matrix(parameter, Math.toIntExact(shape[0]), Math.toIntExact(shape[1]));
  }

  /** Elementwise product with a mask of the same shape. */
  Matrix masked(SDVariable mask) {
    return new Matrix(value.mul(mask), in, out);
  }
}
