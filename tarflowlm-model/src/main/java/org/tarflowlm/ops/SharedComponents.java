package org.tarflowlm.ops;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.backend.HostMemory;
import org.tarflowlm.coupling.Components;

/**
 * The components that all rows of an op share. Each thread keeps those of its last op: mostly, a graph's ops have the same, and so do all
 * runs between two updates. Copying 50,257 of them and deriving data from them takes as long as computing several rows.
 */
final class SharedComponents {
  private static final ThreadLocal<SharedComponents> OF_THREAD = ThreadLocal.withInitial(SharedComponents::new);

  private final Components components = new Components();
  private final Snapshot means = new Snapshot();
  private final Snapshot logScales = new Snapshot();
  private double[] newMeans = new double[0];
  private double[] newLogScales = new double[0];

  private SharedComponents() {}

  /**
   * Component means [K, d] and log-scales [K] as the calling thread's components, which other threads may read until its next call. If no
   * bit has changed since its last call, they keep their {@link Components#version}.
   */
  static Components of(INDArray means, INDArray logScales) {
    return OF_THREAD.get().load(Tensors.dense(means), Tensors.dense(logScales));
  }

  private Components load(INDArray m, INDArray s) {
    int k = (int) m.size(0);
    int dims = (int) m.size(1);
    if (means.update(m) | logScales.update(s) | components.count() != k) {
      newMeans = newMeans.length >= k * dims ? newMeans : new double[k * dims];
      newLogScales = newLogScales.length >= k ? newLogScales : new double[k];
      Tensors.read(m, 0, newMeans, k * dims);
      Tensors.read(s, 0, newLogScales, k);
      components.assign(newMeans, newLogScales, k, dims);
    }
    return components;
  }

  /** The bytes that an array had. */
  private static final class Snapshot {
    private BytePointer copy = new BytePointer();
    private long size;

    /** Takes over the bytes of a dense array; returns whether they have changed. */
    boolean update(INDArray array) {
      int width = array.dataType().width();
      Pointer data = HostMemory.pointer(array);
      BytePointer now = new BytePointer(data).position((data.position() + array.offset()) * width);
      long bytes = array.length() * width;
      if (bytes == size && Pointer.memcmp(copy, now, bytes) == 0) {
        return false;
      }
      if (bytes != size) {
        copy.deallocate();
        copy = new BytePointer(bytes);
        size = bytes;
      }
      Pointer.memcpy(copy, now, bytes);
      return true;
    }
  }
}
