package org.tarflowlm.ops;

import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.zip.CRC32C;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.backend.HostMemory;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.flow.FlowWeights;
import org.tarflowlm.flow.Sampling;
import org.tarflowlm.flow.StackWeights;

/**
 * Base of the ops that compute a whole flow, its in-token flows included, with the kernel of the generators ({@link
 * org.tarflowlm.flow.FlowPass}). The model's configuration travels as a string argument, so a saved graph holds all it needs. Inputs:
 * the latents, those of a prompt if there is one, then the parameters of {@link #parameterNames}, as they are trained. The latents may be
 * FLOAT or DOUBLE and keep their precision in the couplings; parameters are FLOAT.
 */
public abstract class FlowOp extends JavaOp {
  private static final int ARGUMENTS = 7;
  /** Graphs saved before min-p lack its argument. */
  private static final int ARGUMENTS_WITHOUT_MIN_P = 6;

  /** Rebuilt when parameters have changed; ops of one flow in one graph share it. */
  private PackedParameters<FlowWeights> packed = new PackedParameters<>();
  private TarFlowConfig config;

  FlowOp() {}

  FlowOp(SameDiff sd, TarFlowConfig config, int flow, Sampling sampling, SDVariable latents, SDVariable prompt,
      Function<String, SDVariable> parameter) {
    addIArgument(arguments(config, flow, sampling, prompt != null));
    addSArgument(config.toJson());
    // noop wants output i to be of the type of input i, and parameters may be of another
    List<SDVariable> inputs = new ArrayList<>(Collections.nCopies(levels(), latents));
    if (prompt != null) {
      inputs.add(prompt);
    }
    parameterNames(config, flow).forEach(name -> inputs.add(parameter.apply(name)));
    in(sd, inputs.toArray(new SDVariable[0]));
  }

  /**
   * Makes the op sample otherwise from its next execution on.
   *
   * @throws IllegalArgumentException if the flow cannot honour it
   */
  public final void sample(Sampling sampling) {
    long[] changed = arguments(config(), flow(), sampling, hasPrompt());
    long format = iArguments.get(iArguments.size() - 1);
    iArguments.clear();
    addIArgument(changed);
    addIArgument(format);
  }

  /** Lets this op and another one of the same flow and the same parameters pack them once for both. */
  public final void share(FlowOp other) {
    packed = other.packed;
  }

  /** Promises that the parameters do not change any more: they are packed once, at the next execution. */
  public final void fixParameters() {
    packed.fix();
  }

  /**
   * Names of the parameters that a flow needs, in the order of the inputs: its own, those of its in-token flows, and those of the codebook
   * that it is tied to.
   */
  static List<String> parameterNames(TarFlowConfig config, int flow) {
    List<String> prefixes = new ArrayList<>();
    for (int l = flow; l < config.endOfTrunk(flow); l++) {
      prefixes.add("flow" + l + ".");
    }
    if (config.flows().get(flow).tied()) {
      prefixes.add("codebook.");
    }
    return parameterNames(config, prefixes);
  }

  static List<String> parameterNames(TarFlowConfig config, List<String> prefixes) {
    return ParameterShapes.of(config).keySet().stream().filter(name -> prefixes.stream().anyMatch(name::startsWith)).toList();
  }

  private static long[] arguments(TarFlowConfig config, int flow, Sampling sampling, boolean prompt) {
    if (config.flows().get(flow).isInToken()) {
      throw new IllegalArgumentException("flow " + flow + " is an in-token flow; expected flow " + config.trunkOf(flow)
          + ", whose transformer it shares");
    }
    sampling.requireHonoured(config, flow);
    return new long[] {flow, prompt ? 1 : 0, sampling.topK(), Double.doubleToRawLongBits(sampling.temperature()),
        Double.doubleToRawLongBits(sampling.noiseTemperature()), Double.doubleToRawLongBits(sampling.topP()),
        Double.doubleToRawLongBits(sampling.minP())};
  }

  @Override
  public void configureFromArguments() {
    super.configureFromArguments();
    int numbers = iArguments.size() - 1;
    if (numbers != ARGUMENTS && numbers != ARGUMENTS_WITHOUT_MIN_P || sArguments.size() != 1) {
      throw new IllegalStateException(opName() + " of the saved graph has " + numbers + " numbers and " + sArguments.size()
          + " texts; expected " + ARGUMENTS + " and 1");
    }
    config();
  }

  /** The model. */
  public final TarFlowConfig config() {
    if (config == null) {
      config = TarFlowConfig.fromJson(getSArgument(0));
    }
    return config;
  }

  /** Index of the flow, from 0. */
  public final int flow() {
    return argument(0);
  }

  final boolean hasPrompt() {
    return argument(1) == 1;
  }

  final Sampling sampling() {
    return new Sampling(bits(3), bits(4), argument(2), bits(5), iArguments.size() > ARGUMENTS ? bits(6) : 0.0);
  }

  /** Refuses latents that are no sequences of the model, and a prompt that leaves nothing to find. */
  final void requireLatents(String name, List<INDArray> inputs) {
    INDArray h = inputs.get(0);
    int channels = config().channels();
    if (h.rank() != 3 || h.size(2) != channels || h.size(1) < 1 || h.size(1) > config().positions()) {
      throw new IllegalArgumentException(opName() + ": expected " + name + " of shape [batch, 1 to " + config().positions() + ", "
          + channels + "], found " + Arrays.toString(h.shape()));
    }
    if (hasPrompt()) {
      INDArray prompt = prompt(inputs);
      if (prompt.rank() != 3 || prompt.size(0) != h.size(0) || prompt.size(2) != channels || prompt.size(1) > h.size(1)) {
        throw new IllegalArgumentException(opName() + ": expected a prompt of shape [" + h.size(0) + ", at most " + h.size(1) + ", "
            + channels + "], found " + Arrays.toString(prompt.shape()));
      }
    }
  }

  /** Outputs of the latents' shape; as often the latents stand among the inputs. */
  int levels() {
    return 1;
  }

  /** The latents of the prompt. */
  final INDArray prompt(List<INDArray> inputs) {
    return inputs.get(levels());
  }

  final FlowWeights weights(List<INDArray> inputs) {
    List<INDArray> parameters = inputs.subList(levels() + (hasPrompt() ? 1 : 0), inputs.size());
    return packed.get(parameters, () -> StackWeights.flow(config(), flow(), values(parameterNames(config(), flow()), parameters)));
  }

  /** Numbers of a parameter by its name. */
  static Function<String, float[]> values(List<String> names, List<INDArray> parameters) {
    return name -> parameters.get(names.indexOf(name)).castTo(DataType.FLOAT).dup('c').data().asFloat();
  }

  /** [batch][numbers of a sequence]. */
  static double[][] sequences(INDArray array) {
    INDArray dense = Tensors.dense(array);
    double[][] sequences = new double[Math.toIntExact(array.size(0))][Math.toIntExact(array.length() / array.size(0))];
    for (int b = 0; b < sequences.length; b++) {
      Tensors.read(dense, (long) b * sequences[b].length, sequences[b], sequences[b].length);
    }
    return sequences;
  }

  /** Fills an output with the first numbers of sequences. */
  static void write(double[][] sequences, INDArray target) {
    INDArray dense = Tensors.isDense(target) ? target : target.ulike();
    int length = Math.toIntExact(target.length() / target.size(0));
    for (int b = 0; b < sequences.length; b++) {
      Tensors.write(sequences[b], length, dense, (long) b * length);
    }
    if (dense != target) {
      target.assign(dense);
    }
  }

  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    throw new UnsupportedOperationException(opName() + " has no gradient: it samples, it does not train");
  }

  /**
   * A value computed from parameters and kept until they change. Changes are detected from the contents, since DL4J's updaters
   * write into arrays in place: by a checksum of each array, CRC-32C, which sees every change of one number for certain and misses any
   * other change of an array once in four thousand million. Reading them costs the time of a position or two: what they displace from the
   * cache has to come back as well. Whoever knows that they do not change can spare it by {@link #fix}. May be used by many threads.
   *
   * @param <T> what is made; read-only
   */
  static final class PackedParameters<T> {
    private long[] key = new long[0];
    private T packed;
    private boolean fixed;

    /** Ends the looking: what is packed, or will be next, stays. */
    synchronized void fix() {
      fixed = true;
    }

    /** The value that {@code pack} computes from the current parameters, FLOAT or DOUBLE arrays. */
    synchronized T get(List<INDArray> parameters, Supplier<T> pack) {
      if (fixed && packed != null) {
        return packed;
      }
      long[] now = new long[parameters.size()];
      for (int i = 0; i < now.length; i++) {
        now[i] = checksum(Tensors.dense(parameters.get(i)));
      }
      if (packed == null || !Arrays.equals(key, now)) {
        packed = null; // the old one can go before the new one comes
        packed = pack.get();
        key = now;
      }
      return packed;
    }

    private static long checksum(INDArray array) {
      int width = array.dataType().width();
      CRC32C crc = new CRC32C();
      Pointer data = HostMemory.pointer(array);
      long bytes = array.length() * width;
      long start = (data.position() + array.offset()) * width;
      for (long at = 0; at < bytes; at += Integer.MAX_VALUE) {
        BytePointer part = new BytePointer(data).position(start + at);
        part.limit(start + Math.min(bytes, at + Integer.MAX_VALUE));
        crc.update(part.asByteBuffer());
      }
      Reference.reachabilityFence(array); // it may be a copy that only this method knows
      return crc.getValue() | (long) width << 32;
    }
  }
}
