package org.tarflowlm.ops;

import java.lang.ref.Reference;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Base of the ops over {@link org.tarflowlm.kernel}: gives their kernels native memory in C order. All arrays are FLOAT, except
 * integer ids. All dimensions but the last count as rows.
 */
abstract class FusedOp extends JavaOp {
  /**
   * Fills the outputs.
   *
   * @param in the dense inputs
   * @param x memory of the FLOAT inputs, null for ids
   * @param y memory of the outputs
   */
  abstract void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y);

  @Override
  protected final String insteadOnDevice() {
    return "a graph built with KernelChoice.COMPOSED";
  }

  @Override
  protected final void run(List<INDArray> inputs, List<INDArray> outputs) {
    INDArray[] in = new INDArray[inputs.size()];
    FloatPointer[] x = new FloatPointer[in.length];
    for (int i = 0; i < in.length; i++) {
      in[i] = Tensors.dense(inputs.get(i));
      if (in[i].dataType() == DataType.FLOAT) {
        x[i] = Tensors.floats(in[i]);
      } else if (!in[i].dataType().isIntType()) {
        throw new IllegalArgumentException(opName() + ": input " + i + " is " + in[i].dataType() + "; expected FLOAT");
      }
    }
    INDArray[] out = new INDArray[outputs.size()];
    FloatPointer[] y = new FloatPointer[out.length];
    for (int i = 0; i < out.length; i++) {
      INDArray target = outputs.get(i);
      out[i] = Tensors.isDense(target) ? target : Nd4j.createUninitialized(DataType.FLOAT, target.shape(), 'c');
      y[i] = Tensors.floats(out[i]);
    }
    kernel(in, x, y);
    for (int i = 0; i < out.length; i++) {
      if (out[i] != outputs.get(i)) {
        outputs.get(i).assign(out[i]);
      }
    }
    Reference.reachabilityFence(in); // the kernel held only addresses of copies made here
  }

  /** Product of all dimensions but the last. */
  static int rows(INDArray array) {
    return Math.toIntExact(array.length() / array.size(-1));
  }

  /** Rows per sequence: time for an array [batch, time, width]; all rows for an array of any other rank. */
  static int sequence(INDArray array) {
    return array.rank() == 3 ? size(array, 1) : rows(array);
  }

  /** Size of a dimension; -1 is the last. */
  static int size(INDArray array, int dimension) {
    return Math.toIntExact(array.size(dimension));
  }
}
