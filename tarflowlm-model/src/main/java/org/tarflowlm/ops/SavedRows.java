package org.tarflowlm.ops;

import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.coupling.batch.SavedNumbers;

/** {@link SavedNumbers} in the memory of an array, from some element on. */
final class SavedRows implements SavedNumbers {
  private FloatPointer memory;
  private long end;

  /**
   * Goes to a block of rows.
   *
   * @param array dense, FLOAT
   */
  void open(INDArray array, long from, long count) {
    memory = Tensors.at(Tensors.floats(array), from);
    end = memory.position() + count;
  }

  @Override
  public void write(float[] source, int count) {
    memory.put(source, 0, count).position(next(count));
  }

  @Override
  public void read(float[] target, int count) {
    memory.get(target, 0, count).position(next(count));
  }

  private long next(int count) {
    long next = memory.position() + count;
    if (next > end) {
      throw new IllegalStateException(next - end + " numbers too many for what is saved");
    }
    return next;
  }
}
