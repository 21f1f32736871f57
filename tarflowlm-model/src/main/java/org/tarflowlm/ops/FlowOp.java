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
 * Base of the ops that compute a whole flow and its in-token flows with the code that the generators use ({@link
 * org.tarflowlm.flow.FlowPass}). A string argument holds the model's configuration, so a saved graph is complete.
 *
 * <p>Inputs: the latents [batch, time, D], a prompt's latents if there is one, then the parameters of {@link #parameterNames}. Latents may
 * be FLOAT or DOUBLE, and the couplings keep that precision; parameters are used as FLOAT.
 */
public abstract class FlowOp extends JavaOp {
  private static final int ARGUMENTS = 7;
  /** Graphs saved before min-p lack its argument. */
  private static final int ARGUMENTS_WITHOUT_MIN_P = 6;

  /** Rebuilt after parameters change; ops of one flow may share it. */
  private PackedParameters<FlowWeights> packed = new PackedParameters<>();
  private TarFlowConfig config;

  FlowOp() {}

  FlowOp(SameDiff sd, TarFlowConfig config, int flow, Sampling sampling, SDVariable latents, SDVariable prompt,
      Function<String, SDVariable> parameter) {
    addIArgument(arguments(config, flow, sampling, prompt != null));
    addSArgument(config.toJson());
    // noop requires output i to have the type of input i, and parameters may have another: so list the latents once per level
    List<SDVariable> inputs = new ArrayList<>(Collections.nCopies(levels(), latents));
    if (prompt != null) {
      inputs.add(prompt);
    }
    parameterNames(config, flow).forEach(name -> inputs.add(parameter.apply(name)));
    in(sd, inputs.toArray(new SDVariable[0]));
  }

  /**
   * Changes how the op samples, from its next execution on.
   *
   * @throws IllegalArgumentException if the flow does not support one of the options
   */
  public final void sample(Sampling sampling) {
    long[] changed = arguments(config(), flow(), sampling, hasPrompt());
    long format = iArguments.get(iArguments.size() - 1);
    iArguments.clear();
    addIArgument(changed);
    addIArgument(format);
  }

  /** Shares the packed parameters of another op, which must have the same flow and the same parameters. */
  public final void share(FlowOp other) {
    packed = other.packed;
  }

  /** Promises that the parameters will not change again. The op packs them once, if it has not yet, and stops checking them. */
  public final void fixParameters() {
    packed.fix();
  }

  /**
   * Names of the parameters that a flow needs, in the order of the inputs: its own, those of its in-token flows and, if the flow is tied,
   * those of the codebook.
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

  /** The model's configuration. */
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

  /**
   * Checks that the latents are [batch, time, D] with at most the model's positions, and that a prompt is no longer than they are.
   *
   * @throws IllegalArgumentException otherwise
   */
  final void requireLatents(String name, List<INDArray> inputs) {
    INDArray h = inputs.get(0);
    int channels = config().channels();
    if (h.rank() != 3 || h.size(2) != channels || h.size(1) < 1 || h.size(1) > config().positions()) {
      throw new IllegalArgumentException(opName() + ": shape of " + name + " is " + Arrays.toString(h.shape())
          + "; expected [batch, 1 to " + config().positions() + ", " + channels + "]");
    }
    if (hasPrompt()) {
      INDArray prompt = prompt(inputs);
      if (prompt.rank() != 3 || prompt.size(0) != h.size(0) || prompt.size(2) != channels || prompt.size(1) > h.size(1)) {
        throw new IllegalArgumentException(opName() + ": shape of prompt is " + Arrays.toString(prompt.shape())
            + "; expected [" + h.size(0) + ", at most " + h.size(1) + ", " + channels + "]");
      }
    }
  }

  /** Number of outputs that have the latents' shape, and of times that the inputs list the latents. */
  int levels() {
    return 1;
  }

  /** The latents of the prompt, [batch, n, D]. */
  final INDArray prompt(List<INDArray> inputs) {
    return inputs.get(levels());
  }

  final FlowWeights weights(List<INDArray> inputs) {
    List<INDArray> parameters = inputs.subList(levels() + (hasPrompt() ? 1 : 0), inputs.size());
    return packed.get(parameters, () -> StackWeights.flow(config(), flow(), values(parameterNames(config(), flow()), parameters)));
  }

  /** Looks up the values of a parameter by its name. */
  static Function<String, float[]> values(List<String> names, List<INDArray> parameters) {
    return name -> parameters.get(names.indexOf(name)).castTo(DataType.FLOAT).dup('c').data().asFloat();
  }

  /** Copies an array [batch, ..] to [batch][numbers per sequence]. */
  static double[][] sequences(INDArray array) {
    INDArray dense = Tensors.dense(array);
    double[][] sequences = new double[Math.toIntExact(array.size(0))][Math.toIntExact(array.length() / array.size(0))];
    for (int b = 0; b < sequences.length; b++) {
      Tensors.read(dense, (long) b * sequences[b].length, sequences[b], sequences[b].length);
    }
    return sequences;
  }

  /** Fills an output [batch, ..] with the first numbers of each sequence. */
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
   * A value computed from parameters and kept until they change. DL4J's updaters write into arrays in place, so a CRC-32C checksum of
   * each array detects changes. It always notices a change to one FLOAT, and misses about one in four thousand million other changes.
   * The check takes as long as generating a position or two, partly because it displaces other data from the cache. {@link #fix} ends it.
   * Thread-safe.
   *
   * @param <T> type of the value, which must be read-only
   */
  static final class PackedParameters<T> {
    private long[] key = new long[0];
    private T packed;
    private boolean fixed;

    /** Ends the checks: the current value stays or, if there is none, the next one. */
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
        packed = null; // frees the old value before the new one is built
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
      Reference.reachabilityFence(array); // it may be a copy that nothing else refers to
      return crc.getValue() | (long) width << 32;
    }
  }
}
