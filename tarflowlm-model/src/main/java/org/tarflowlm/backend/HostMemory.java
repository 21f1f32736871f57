package org.tarflowlm.backend;

import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiConsumer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The only access to the native memory of arrays. On a CPU backend, Java code reads and writes it in place. On any other backend, the
 * host's copy of an array may be stale or missing, so this class gives access only to copies that {@link #withCopies} made.
 */
public final class HostMemory {
  /** Host memory of the current copies, by the arrays' buffers. Pool threads read what the thread that runs the op has copied. */
  private static final Map<DataBuffer, Pointer> COPIES = Collections.synchronizedMap(new IdentityHashMap<>());
  private static volatile boolean foreign;

  private HostMemory() {}

  /** Whether arrays of the running backend lie in the host's memory. */
  public static boolean isShared() {
    return !foreign && OfBackend.IS_CPU;
  }

  /** The running backend, for messages. */
  public static String backend() {
    return foreign ? "another backend than the CPU's" : OfBackend.NAME;
  }

  /** For tests: treats the CPU's backend as another one, so that {@link #pointer} throws for arrays that are not copies. */
  static void treatAsForeign(boolean value) {
    foreign = value;
  }

  /**
   * Native memory of an array's buffer, which begins {@code array.offset()} elements before the array.
   *
   * @throws IllegalStateException if the backend does not use the host's memory and the array is no copy of {@link #withCopies}
   */
  public static Pointer pointer(INDArray array) {
    if (isShared()) {
      return array.data().pointer();
    }
    Pointer copy = COPIES.get(array.data());
    if (copy == null) {
      throw new IllegalStateException("Java code would read the host's memory of an array, which is not where " + backend()
          + " keeps it");
    }
    return copy;
  }

  /**
   * Runs a kernel on copies in host memory. ND4J copies the inputs in and the outputs out, and so keeps host and device consistent.
   */
  public static void withCopies(List<INDArray> inputs, List<INDArray> outputs, BiConsumer<List<INDArray>, List<INDArray>> kernel) {
    List<INDArray> copies = new ArrayList<>();
    try (MemoryWorkspace ignored = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces()) { // so that copies can be closed
      List<INDArray> in = inputs.stream().map(input -> copied(input.dup('c'), true, copies)).toList();
      List<INDArray> out = outputs.stream()
          .map(output -> copied(Nd4j.createUninitialized(output.dataType(), output.shape(), 'c'), false, copies)).toList();
      kernel.accept(in, out);
      for (int i = 0; i < out.size(); i++) {
        try (INDArray result = onDevice(out.get(i))) {
          outputs.get(i).assign(result);
        }
      }
    } finally {
      copies.forEach(copy -> {
        COPIES.remove(copy.data());
        copy.close();
      });
      Reference.reachabilityFence(copies);
    }
  }

  private static INDArray copied(INDArray copy, boolean filled, List<INDArray> copies) {
    if (copy.dataType() == DataType.FLOAT) {
      COPIES.put(copy.data(), filled ? new FloatPointer(copy.data().asFloat()) : new FloatPointer(copy.length()));
    } else if (copy.dataType() == DataType.DOUBLE) {
      COPIES.put(copy.data(), filled ? new DoublePointer(copy.data().asDouble()) : new DoublePointer(copy.length()));
    } // ids are read through ND4J
    copies.add(copy);
    return copy;
  }

  private static INDArray onDevice(INDArray copy) {
    int length = Math.toIntExact(copy.length());
    if (copy.dataType() == DataType.DOUBLE) {
      double[] values = new double[length];
      ((DoublePointer) COPIES.get(copy.data())).get(values);
      return Nd4j.create(values, copy.shape(), DataType.DOUBLE);
    }
    float[] values = new float[length];
    ((FloatPointer) COPIES.get(copy.data())).get(values);
    return Nd4j.create(values, copy.shape(), DataType.FLOAT);
  }

  /** Looked up late, so that loading an op class does not start the backend. */
  private static final class OfBackend {
    static final String NAME = BackendHook.actual(Nd4j.getBackend()).getClass().getSimpleName();
    static final boolean IS_CPU = NAME.toLowerCase(Locale.ROOT).contains("cpu");
  }
}
