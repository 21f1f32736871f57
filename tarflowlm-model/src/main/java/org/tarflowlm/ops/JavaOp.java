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
 * <p>M2.1 offers no user-defined op. Its native executioner, however, always takes the same two steps with a custom op: it asks
 * {@link #calculateOutputShape(OpContext)} for the shapes, and calls {@link #opHash()} right before the native call, when the
 * context holds all inputs and outputs. So the first call remembers the context, and the second runs the Java kernel on its
 * arrays and returns the hash of libnd4j's {@code noop}, which then does nothing. {@code Nd4j.exec(op)} skips the first step,
 * and checks shapes against those of noop; {@link #execute} takes its place.
 *
 * <p>Rules for subclasses: a public no-argument constructor (graphs clone ops by name), a name of their own in {@link Op}
 * (a stock name is silently replaced by the stock op), and floating-point arrays of one type as first inputs, as many as there are outputs
 * (noop checks that input i has the type of output i; ids come later in the list). All outputs have the first input's type.
 */
public abstract class JavaOp extends DynamicCustomOp {
  /** Last integer argument of every op in a saved graph: a mark, and the version of the ops' arguments in the lower half. */
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
   * Puts the op into a graph, as the constructor of {@link DynamicCustomOp} does it, and returns its outputs. Whole-number parameters
   * travel as integer arguments, which a subclass has set before; behind them comes the format's version.
   */
  public final SDVariable[] in(SameDiff sd, SDVariable... inputs) {
    setSameDiff(sd);
    ownName = null; // that of an op outside of any graph
    setInstanceId();
    sd.addArgsFor(inputs, this);
    addIArgument(FORMAT);
    return outputVariables();
  }

  /**
   * Runs the op outside of any graph and returns its outputs. ({@code Nd4j.exec} cannot run it: there M2.1 takes the
   * outputs' shapes from libnd4j.)
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

  /** Runs the kernel by itself, outside the executioner: reads the inputs and fills the outputs, whose shapes must be right. */
  public final void fill(List<INDArray> inputs, List<INDArray> outputs) {
    if (HostMemory.isShared()) {
      run(inputs, outputs);
    } else if (insteadOnDevice() == null) {
      HostMemory.withCopies(inputs, outputs, this::run);
    } else {
      throw new UnsupportedOperationException(opName() + " runs in the memory of the CPU's backend, found " + HostMemory.backend()
          + "; use " + insteadOnDevice());
    }
  }

  /** What to use on a backend whose arrays are not in the host's memory; null if the op itself works there, on copies. */
  protected String insteadOnDevice() {
    return null;
  }

  /**
   * Shapes of the outputs, given the inputs' arrays.
   *
   * @throws IllegalArgumentException if an input is not of the shape that the op declares
   */
  protected long[][] outputShapes(List<INDArray> inputs) {
    return declared().outputShapes(inputs);
  }

  /** The kernel: reads the inputs, fills every output whole. Arrays may have any layout; see {@link Tensors}. */
  protected abstract void run(List<INDArray> inputs, List<INDArray> outputs);

  /** What this op's class declares. ND4J asks for the name before any field of an op is set. */
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

  /** As {@link Op#gradient} says; the gradient's op gets this one's whole-number parameters. */
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
      boolean residual = declared().inputs().get(i).name().equals("residual"); // added to the first output, so their gradients are one
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
    // integer arguments carry everything
  }

  /**
   * Called when a graph was loaded; arguments are read where they are needed.
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
