package org.tarflowlm.graph;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.BlockMask;

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

  /** With zeros where a mask hides. */
  Matrix masked(BlockMask mask, DataType type) {
    INDArray shown = Nd4j.zeros(type, mask.in(), mask.out());
    for (int row = 0; row < mask.in(); row++) {
      for (int column = mask.firstColumn(row); column < mask.out(); column++) {
        shown.putScalar(row, column, 1.0);
      }
    }
    return new Matrix(value.mul(value.getSameDiff().constant(shown)), in, out);
  }
}
