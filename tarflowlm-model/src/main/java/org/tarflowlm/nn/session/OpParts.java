package org.tarflowlm.nn.session;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.tarflowlm.backend.HostMemory;
import org.tarflowlm.kernel.Parallel;
import org.tarflowlm.stock.PassedOn;

/**
 * Cuts a libnd4j op into parts, each of which fills a slice of the output on its own thread. Each part computes every number from the same
 * numbers in the same order as the whole op, so results agree bit for bit. It cuts the ops that take most of the time of a step of the
 * composed graph; others stay whole.
 *
 * @param threads most parts of an op
 * @param leastElements fewest elements in a part's output
 * @param leastProducts fewest multiply-adds in a part of a matrix product
 */
record OpParts(int threads, long leastElements, long leastProducts) {
  /** Ops for which a slice of the output needs only the same slice of each input that has as many rows. */
  private static final Set<String> BY_SLICE = Set.of("add", "subtract", "multiply", "divide", "add_scalar", "mul_scalar", "exp",
      "erf");
  /**
   * A part of a product has a multiple of this many rows, except the last part: OpenBLAS's kernels take 12 rows together and round the
   * remaining rows differently. Cutting by columns would change bits.
   */
  private static final int PRODUCT_ROWS = 12;
  /** Tens of microseconds of work; synchronising two threads costs a few. */
  private static final long LEAST_ELEMENTS = 1 << 15;
  /** Larger than the products that OpenBLAS multiplies in another order on processors with AVX-512. */
  private static final long LEAST_PRODUCTS = 1 << 20;

  /** Arrays of one part. */
  record Part(List<INDArray> inputs, List<INDArray> outputs) {}

  /** For this machine. Ops stay whole on backends other than the CPU's, and if libnd4j runs its ops on its own threads. */
  static OpParts ofMachine() {
    boolean cut = HostMemory.isShared() && Nd4j.getEnvironment().maxThreads() == 1;
    return new OpParts(cut ? Parallel.threads() : 1, LEAST_ELEMENTS, LEAST_PRODUCTS);
  }

  /**
   * The parts of one call, at least one.
   *
   * @param arguments integer arguments of a custom op; empty for any other op
   */
  List<Part> of(DifferentialFunction op, long[] arguments, List<INDArray> inputs, List<INDArray> outputs) {
    Part whole = new Part(inputs, outputs);
    if (threads == 1 || outputs.size() != 1 || outputs.get(0).rank() < 2) {
      return List.of(whole);
    }
    INDArray output = outputs.get(0);
    String name = op.opName();
    if (name.equals("matmul")) {
      return product(whole, arguments);
    }
    boolean known = switch (name) {
      case "softmax" -> arguments.length == 1 && (arguments[0] == -1 || arguments[0] == output.rank() - 1);
      case "permute" -> arguments.length > 1 && arguments[0] == 0;
      default -> op instanceof PassedOn || BY_SLICE.contains(name);
    };
    if (!known) {
      return List.of(whole);
    }
    int[] axes = inputs.stream().mapToInt(input -> input.rank() == output.rank() && input.size(0) == output.size(0) ? 0 : -1).toArray();
    return cut(whole, axes, output.length() / leastElements, 1);
  }

  /** Cuts a product of two matrices by rows of the output, and a batch of products by its first axis. */
  private List<Part> product(Part whole, long[] transposed) {
    INDArray a = whole.inputs.get(0);
    INDArray output = whole.outputs.get(0);
    int rank = output.rank();
    if (transposed.length != 3 || transposed[2] != 0 || a.rank() != rank || whole.inputs.get(1).rank() != rank) {
      return List.of(whole);
    }
    int rows = transposed[0] == 0 ? rank - 2 : rank - 1;
    long wanted = output.length() * a.size(2 * rank - 3 - rows) / leastProducts;
    return rank == 2 ? cut(whole, new int[] {rows, -1}, wanted, PRODUCT_ROWS) : cut(whole, new int[] {0, 0}, wanted, 1);
  }

  /**
   * Cuts the output's first axis.
   *
   * @param axes for each input, the axis to cut in the same way; -1 if every part reads the whole input
   * @param unit every part begins at a multiple of it
   */
  private List<Part> cut(Part whole, int[] axes, long wanted, int unit) {
    INDArray output = whole.outputs.get(0);
    long units = output.size(0) / unit;
    int count = (int) Math.min(Math.min(threads, wanted), units);
    if (count < 2) {
      return List.of(whole);
    }
    List<Part> parts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      long from = units * i / count * unit;
      long to = i == count - 1 ? output.size(0) : units * (i + 1) / count * unit;
      List<INDArray> inputs = new ArrayList<>();
      for (int j = 0; j < axes.length; j++) {
        inputs.add(axes[j] < 0 ? whole.inputs.get(j) : slice(whole.inputs.get(j), axes[j], from, to));
      }
      parts.add(new Part(inputs, List.of(slice(output, 0, from, to))));
    }
    return parts;
  }

  private static INDArray slice(INDArray array, int axis, long from, long to) {
    INDArrayIndex[] indices = new INDArrayIndex[array.rank()];
    Arrays.fill(indices, NDArrayIndex.all());
    indices[axis] = NDArrayIndex.interval(from, to);
    return array.get(indices);
  }
}
