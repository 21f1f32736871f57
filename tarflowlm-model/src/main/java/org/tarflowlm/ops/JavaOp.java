package org.tarflowlm.ops;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
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
import org.tarflowlm.backend.HostMemory;

/**
 * A SameDiff op whose kernel is written in Java: the one class that knows how DL4J 1.0.0-M2.1 can run such an op.
 *
 * <p>M2.1 offers no user-defined op. Its native executioner, however, always takes the same two steps with a custom op. It asks
 * {@link #calculateOutputShape(OpContext)} for the shapes. Then it calls {@link #opHash()} right before the native call, when the
 * context holds all inputs and outputs. So the first call remembers the context. The second runs the Java kernel on its arrays and
 * returns the hash of libnd4j's {@code noop}, which then does nothing. {@code Nd4j.exec(op)} skips the first step and checks shapes
 * against those of noop, so {@link #execute} replaces it.
 *
 * <p>Rules for subclasses:
 * <ul>
 * <li>A public no-argument constructor, because graphs clone ops by name.
 * <li>A name in {@link Op} that no stock op has; otherwise the stock op silently replaces this one.
 * <li>As many leading floating-point inputs of one type as there are outputs, because noop checks that input i has the type of output i.
 *     Ids come after them. All outputs have the first input's type.
 * </ul>
 */
public abstract class JavaOp extends DynamicCustomOp {
  /** Last integer argument of every op in a saved graph: a mark in the upper half, the version of the ops' arguments in the lower. */
  private static final long FORMAT = 0x7A4F_0000L | 1;
  private static final long VERSION = 0xFFFF;
  private static final ClassValue<Signature> DECLARED = new ClassValue<>() {
    @Override
    protected Signature computeValue(Class<?> type) {
      return Signature.of(type.getAnnotation(Op.class));
    }
  };
  private final ThreadLocal<OpContext> pending = new ThreadLocal<>();

  /**
   * Puts the op into a graph, as the constructor of {@link DynamicCustomOp} does, and returns its outputs. A subclass has already added
   * its parameters as integer arguments; this method appends the format's version.
   */
  public final SDVariable[] in(SameDiff sd, SDVariable... inputs) {
    setSameDiff(sd);
    ownName = null; // the constructor named the op outside any graph; it needs a name in this one
    setInstanceId();
    sd.addArgsFor(inputs, this);
    addIArgument(FORMAT);
    return outputVariables();
  }

  /**
   * Runs the op outside any graph and returns its outputs. ({@code Nd4j.exec} cannot run it, because M2.1 then takes the outputs' shapes
   * from libnd4j.)
   *
   * @throws IllegalArgumentException if an input does not have the declared shape
   * @throws UnsupportedOperationException if the op cannot run on this backend
   */
  public final INDArray[] execute(INDArray... arrays) {
    List<INDArray> inputs = List.of(arrays);
    List<INDArray> outputs = new ArrayList<>();
    for (long[] shape : outputShapes(inputs)) {
      outputs.add(Nd4j.createUninitialized(inputs.get(0).dataType(), shape, 'c'));
    }
    fill(inputs, outputs);
    return outputs.toArray(INDArray[]::new);
  }

  /**
   * Runs the kernel alone, without the executioner: reads the inputs and fills the outputs, which must have the right shapes.
   *
   * @throws UnsupportedOperationException if the op cannot run on this backend
   */
  public final void fill(List<INDArray> inputs, List<INDArray> outputs) {
    if (HostMemory.isShared()) {
      run(inputs, outputs);
    } else if (insteadOnDevice() == null) {
      HostMemory.withCopies(inputs, outputs, this::run);
    } else {
      throw new UnsupportedOperationException(opName() + " cannot run on " + HostMemory.backend() + "; use " + insteadOnDevice());
    }
  }

  /** What to use instead on a backend that keeps arrays outside the host's memory; null if the op itself runs there on copies. */
  protected String insteadOnDevice() {
    return null;
  }

  /**
   * Computes the shapes of the outputs from the inputs.
   *
   * @throws IllegalArgumentException if an input does not have the declared shape
   */
  protected long[][] outputShapes(List<INDArray> inputs) {
    return declared().outputShapes(inputs);
  }

  /** The kernel: reads the inputs and fills every output completely. Arrays may have any layout; see {@link Tensors}. */
  protected abstract void run(List<INDArray> inputs, List<INDArray> outputs);

  /** What this op's class declares. It is not a field, because ND4J asks for the name before the fields are set. */
  final Signature declared() {
    return DECLARED.get(getClass());
  }

  @Override
  public String opName() {
    return declared().op().name();
  }

  @Override
  public int getNumOutputs() {
    return declared().outputs().size();
  }

  /**
   * Adds the op that {@link Op#gradient} names, with this op's integer arguments.
   *
   * @throws UnsupportedOperationException if the op has no gradient
   */
  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    JavaOp op;
    try {
      op = declared().op().gradient().getDeclaredConstructor().newInstance();
    } catch (ReflectiveOperationException e) {
      throw new UnsupportedOperationException(opName() + " has no gradient", e);
    }
    op.iArguments.addAll(iArguments.subList(0, iArguments.size() - 1));
    Iterator<SDVariable> next = gradients.iterator();
    SDVariable[] inputs = op.declared().inputs().stream().map(array -> {
      int input = Signature.indexOf(array.name(), declared().inputs());
      int output = Signature.indexOf(array.name(), declared().outputs());
      return input >= 0 ? arg(input) : output >= 0 ? outputVariables()[output] : next.next();
    }).toArray(SDVariable[]::new);
    List<SDVariable> result = new ArrayList<>(List.of(op.in(sameDiff, inputs)));
    for (int i = result.size(); i < args().length; i++) {
      boolean residual = declared().inputs().get(i).name().equals("residual"); // part of the first output, so it has the same gradient
      result.add(residual ? gradients.get(0) : sameDiff.zerosLike(arg(i)));
    }
    return result;
  }

  /** Integer argument {@code i}. */
  protected final int argument(int i) {
    return iArguments.get(i).intValue();
  }

  /** Integer argument {@code i} as the bits of a floating-point number. */
  protected final double bits(int i) {
    return Double.longBitsToDouble(iArguments.get(i));
  }

  @Override
  public final List<LongShapeDescriptor> calculateOutputShape(OpContext context) {
    pending.set(context);
    context.shapeFunctionOverride(true);
    List<INDArray> inputs = context.getInputArrays();
    DataType type = inputs.get(0).dataType();
    List<LongShapeDescriptor> result = new ArrayList<>();
    for (long[] shape : outputShapes(inputs)) {
      result.add(LongShapeDescriptor.fromShape(shape, type));
    }
    return result;
  }

  @Override
  public final long opHash() {
    OpContext context = pending.get();
    if (context != null) {
      pending.remove();
      fill(context.getInputArrays(), context.getOutputArrays());
    } else if (sameDiff == null && numInputArguments() > 0) {
      throw new UnsupportedOperationException(opName() + ": call execute(), Nd4j.exec cannot run it");
    }
    return NoopHash.VALUE;
  }

  @Override
  public List<DataType> calculateOutputDataTypes(List<DataType> inputTypes) {
    return Collections.nCopies(getNumOutputs(), inputTypes.get(0));
  }

  @Override
  public Map<String, Object> propertiesForFunction() {
    return new LinkedHashMap<>();
  }

  @Override
  public void setPropertiesForFunction(Map<String, Object> properties) {
    // integer and string arguments hold everything
  }

  /**
   * Called after a graph is loaded. It only checks the version; other methods read the arguments when they need them.
   *
   * @throws IllegalStateException if the graph was saved by another version of the ops
   */
  @Override
  public void configureFromArguments() {
    long found = iArguments.isEmpty() ? 0 : iArguments.get(iArguments.size() - 1);
    if (found != FORMAT) {
      throw new IllegalStateException(opName() + " of the saved graph has "
          + ((found & ~VERSION) == (FORMAT & ~VERSION) ? "version " + (found & VERSION) : "no version") + " of the ops; expected version "
          + (FORMAT & VERSION) + ": build the graph anew from the model");
    }
  }

  /** Looked up late, so that loading an op class does not start the backend. */
  private static final class NoopHash {
    static final long VALUE = Nd4j.getExecutioner().getCustomOperations().get("noop").getHash();
  }
}
