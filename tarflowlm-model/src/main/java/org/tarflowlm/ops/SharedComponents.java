package org.tarflowlm.ops;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.coupling.Components;

/** Reads component means [K, d] and log-scales [K] into the calling thread's reusable {@link Components}. */
final class SharedComponents {
  private SharedComponents() {}

  static Components read(INDArray means, INDArray logScales) {
    int k = (int) means.size(0);
    int dims = (int) means.size(1);
    RowBlock block = RowBlock.ofThread();
    double[] values = block.partialSums(k * dims + k);
    block.dLogScales = RowBlock.atLeast(block.dLogScales, k);
    Tensors.read(means, 0, values, k * dims);
    Tensors.read(logScales, 0, block.dLogScales, k);
    Components components = block.ownComponents();
    components.assign(values, block.dLogScales, k, dims);
    return components;
  }
}
