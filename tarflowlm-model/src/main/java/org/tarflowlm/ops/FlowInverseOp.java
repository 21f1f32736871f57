package org.tarflowlm.ops;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.LongStream;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.config.ChannelDirection;
import org.tarflowlm.config.Coupling;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.inverse.FlowInverse;
import org.tarflowlm.inverse.FlowWeights;

/**
 * The inverse of a whole flow as one op: (u [B, T', D], the flow's parameters in the order of {@link ParameterShapes}) to
 * z [B, T', D], with cached keys and values and root finding as in {@link FlowInverse}. The in-token flows on its transformer are inverted
 * with it; their parameters follow. A flow tied to the codebook takes the codebook's means [V, d] and log-scales [V] (already clamped)
 * last. u may be FLOAT or DOUBLE and keeps its precision in the couplings; parameters are read as FLOAT. There is no gradient: the
 * inverse pass samples, it does not train.
 */
public final class FlowInverseOp extends JavaOp {
  static final String NAME = "tarflow_flow_inverse";
  private static final long BOUND_UNITS = 1_000_000;
  private static final int OLD_ARGUMENTS = 12;

  public FlowInverseOp() {}

  /**
   * The op in a graph.
   *
   * @param config the model
   * @param flow which flow of it; one with a transformer of its own
   * @param parameter graph variable of a parameter by its name, "codebook.logSigma" clamped and of length V
   */
  public FlowInverseOp(SameDiff sd, TarFlowConfig config, int flow, SDVariable u, Function<String, SDVariable> parameter) {
    super(sd, inputs(config, flow, u, parameter).toArray(new SDVariable[0]), arguments(config, flow));
  }

  /** The op on arrays; arguments as above. */
  public FlowInverseOp(TarFlowConfig config, int flow, INDArray u, Function<String, INDArray> parameter) {
    super(inputs(config, flow, u, parameter).toArray(new INDArray[0]), arguments(config, flow));
  }

  private static <T> List<T> inputs(TarFlowConfig config, int flow, T u, Function<String, T> parameter) {
    List<T> inputs = new ArrayList<>();
    inputs.add(u);
    for (int l = flow; l < config.endOfTrunk(flow); l++) {
      String prefix = "flow" + l + ".";
      for (String name : ParameterShapes.of(config).keySet()) {
        if (name.startsWith(prefix)) {
          inputs.add(parameter.apply(name));
        }
      }
    }
    if (config.flows().get(flow).tied()) {
      inputs.add(parameter.apply("codebook.mean"));
      inputs.add(parameter.apply("codebook.logSigma"));
    }
    return inputs;
  }

  private static long[] arguments(TarFlowConfig config, int flow) {
    FlowSpec spec = config.flows().get(flow);
    LongStream model = LongStream.of(spec.coupling().ordinal(), spec.layers(), spec.mixtures(), spec.direction().ordinal(),
        spec.tied() ? 1 : 0, config.contextLength(), config.latentDim(), config.width(), config.heads(), config.patchSize(),
        config.mafHidden(), Math.round(config.logScaleBound() * BOUND_UNITS), spec.channelDirection().ordinal(), config.mafLayers());
    LongStream inToken = config.flows().subList(flow + 1, config.endOfTrunk(flow)).stream()
        .flatMapToLong(each -> LongStream.of(each.coupling().ordinal(), each.mixtures(), each.channelDirection().ordinal()));
    return LongStream.concat(model, inToken).toArray();
  }

  /** A model of this flow and its in-token flows alone. */
  private TarFlowConfig config() {
    boolean tied = argument(4) == 1;
    int mixtures = argument(2);
    Direction direction = Direction.values()[argument(3)];
    List<FlowSpec> flows = new ArrayList<>();
    // graphs saved before flows had a channel direction and heads further layers lack both arguments
    boolean old = numIArguments() == OLD_ARGUMENTS;
    flows.add(new FlowSpec(Coupling.values()[argument(0)], argument(1), mixtures, direction, tied,
        ChannelDirection.values()[old ? 0 : argument(OLD_ARGUMENTS)]));
    for (int i = OLD_ARGUMENTS + 2; i < numIArguments(); i += 3) {
      flows.add(new FlowSpec(Coupling.values()[argument(i)], 0, argument(i + 1), direction, false,
          ChannelDirection.values()[argument(i + 2)]));
    }
    return new TarFlowConfig(ModelType.TARFLOW, tied ? mixtures : 2, argument(5), argument(6), argument(7), argument(8), argument(9),
        false, flows, null, (double) argument(11) / BOUND_UNITS, argument(10), null, old ? 1 : argument(OLD_ARGUMENTS + 1));
  }

  @Override
  public String opName() {
    return NAME;
  }

  @Override
  public int getNumOutputs() {
    return 1;
  }

  @Override
  protected long[][] outputShapes(List<INDArray> inputs) {
    TarFlowConfig config = config();
    INDArray u = inputs.get(0);
    if (u.rank() != 3 || u.size(2) != config.channels() || u.size(1) < 1 || u.size(1) > config.positions()) {
      throw new IllegalArgumentException(NAME + ": expected u of shape [batch, 1 to " + config.positions() + ", " + config.channels()
          + "], found " + Arrays.toString(u.shape()));
    }
    return new long[][] {u.shape()};
  }

  @Override
  protected void run(List<INDArray> inputs, List<INDArray> outputs) {
    TarFlowConfig config = config();
    Map<String, INDArray> parameters = new HashMap<>();
    int next = 1;
    for (String name : ParameterShapes.of(config).keySet()) {
      if (!name.startsWith("codebook.")) {
        parameters.put(name, inputs.get(next++));
      }
    }
    Components codebook = config.flows().get(0).tied()
        ? new Components(doubles(inputs.get(next)), doubles(inputs.get(next + 1)), config.vocabSize(), config.latentDim())
        : null;
    FlowWeights weights = FlowWeights.of(config, 0, codebook, name -> floats(parameters.get(name)));

    INDArray u = Tensors.dense(inputs.get(0));
    int length = Math.toIntExact(u.size(1) * u.size(2));
    double[][] sequences = new double[(int) u.size(0)][length];
    for (int b = 0; b < sequences.length; b++) {
      Tensors.read(u, (long) b * length, sequences[b], length);
    }
    double[][] z = FlowInverse.run(weights, config.channels(), sequences);
    INDArray target = outputs.get(0);
    INDArray dense = Tensors.isDense(target) ? target : target.ulike();
    for (int b = 0; b < z.length; b++) {
      Tensors.write(z[b], length, dense, (long) b * length);
    }
    if (dense != target) {
      target.assign(dense);
    }
  }

  private static float[] floats(INDArray array) {
    return array.castTo(DataType.FLOAT).dup('c').data().asFloat();
  }

  private static double[] doubles(INDArray array) {
    return array.castTo(DataType.DOUBLE).dup('c').data().asDouble();
  }

  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    throw new UnsupportedOperationException(NAME + " has no gradient: the inverse pass samples, it does not train");
  }
}
