package org.tarflowlm.stock;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.api.shape.LongShapeDescriptor;
import org.nd4j.linalg.factory.Nd4j;

/**
 * An op that outputs its first input and whose subclass defines the gradient. On any backend, a native libnd4j op that copies runs: the
 * class matters when a graph is differentiated, not when it runs. (No ND4J class may use that native op, because SameDiff copies a graph's
 * nodes by native op first and by name second.)
 */
public abstract class PassedOn extends DynamicCustomOp {
  /** Outputs its second input, which here is the first one again. */
  private static final String NATIVE_OP = "identity_bp";

  protected PassedOn() {}

  protected PassedOn(SameDiff sd, SDVariable[] inputs, long... arguments) {
    super(null, sd, inputs);
    addIArgument(arguments);
  }

  /** Integer argument {@code i} of the subclass. */
  final int argument(int i) {
    return iArguments.get(i).intValue();
  }

  /**
   * The sum of the rows [R, N], where positions divides R. It uses products with ones, because libnd4j sums many rows slowly and fails to
   * sum a single row inside a graph.
   */
  static SDVariable total(SDVariable rows, int positions, long width) {
    SameDiff sd = rows.getSameDiff();
    SDVariable windows = rows.reshape(-1, positions * width);
    SDVariable first = sd.stridedSlice(windows, new long[] {0, 0}, new long[] {0, 1}, new long[] {1, 1}, 0, 1, 0, 0, 0);
    SDVariable sum = sd.onesLike(first).reshape(1, -1).mmul(windows).reshape(positions, width);
    return sd.constant(Nd4j.ones(rows.dataType(), 1, positions)).mmul(sum).reshape(width);
  }

  @Override
  public final String opName() {
    return StockOps.NAMES.get(getClass());
  }

  @Override
  public final long opHash() {
    return Nd4j.getExecutioner().getCustomOperations().get(NATIVE_OP).getHash();
  }

  @Override
  public final int getNumOutputs() {
    return 1;
  }

  @Override
  public final List<LongShapeDescriptor> calculateOutputShape(OpContext context) {
    INDArray passed = context.getInputArray(0);
    return List.of(LongShapeDescriptor.fromShape(passed.shape(), passed.dataType()));
  }

  @Override
  public final List<DataType> calculateOutputDataTypes(List<DataType> inputTypes) {
    return Collections.singletonList(inputTypes.get(0));
  }

  @Override
  public final Map<String, Object> propertiesForFunction() {
    return new LinkedHashMap<>();
  }

  @Override
  public final void setPropertiesForFunction(Map<String, Object> properties) {
    // integer arguments hold all state
  }

  @Override
  public final void configureFromArguments() {
    // arguments are read on use
  }
}
