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
 * Cuts an op of libnd4j's into parts for as many threads, each of which fills a slice of the output. Every number comes from the same
 * numbers in the same order as in the whole op, so the bits are the same. Known here are the ops that take most of a composed step; others
 * stay whole.
 *
 * @param threads most parts
 * @param leastElements of a part's output
 * @param leastProducts multiply-adds of a part of a matrix product
 */
record OpParts(int threads, long leastElements, long leastProducts) {
  /** Ops of which a slice of the output reads the same slice of each input that has as many rows. */
  private static final Set<String> BY_SLICE = Set.of("add", "subtract", "multiply", "divide", "add_scalar", "mul_scalar", "exp",
      "erf");
  /**
   * Rows of a part of a product are a multiple of this, but for the last part's: OpenBLAS's kernels take 12 rows together and round the
   * rest otherwise. Parts of columns would not have the bits of the whole.
   */
  private static final int PRODUCT_ROWS = 12;
  /** Tens of microseconds of work; that two threads meet costs a few. */
  private static final long LEAST_ELEMENTS = 1 << 15;
  /** Above the size up to which OpenBLAS multiplies in another order where it has AVX-512. */
  private static final long LEAST_PRODUCTS = 1 << 20;

  /** Arrays of one part. */
  record Part(List<INDArray> inputs, List<INDArray> outputs) {}

  /** For this machine. On another backend than the CPU's, and where libnd4j's ops run on threads of their own, ops stay whole. */
  static OpParts ofMachine() {
    boolean cut = HostMemory.isShared() && Nd4j.getEnvironment().maxThreads() == 1;
    return new OpParts(cut ? Parallel.threads() : 1, LEAST_ELEMENTS, LEAST_PRODUCTS);
  }

  /**
   * The parts of one call, at least one.
   *
   * @param arguments whole-number arguments of a custom op, none of another
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

  /** By rows of the output, or by matrices where it has many. */
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
   * @param axes of the inputs that are cut alike; -1 for one that every part reads whole
   * @param unit parts begin at a multiple of it
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
