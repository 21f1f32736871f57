package org.tarflowlm.ops;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.flow.LatentDecoder;
import org.tarflowlm.flow.StackWeights;
import org.tarflowlm.kernel.Parallel;

/**
 * The most probable token of every latent by the codebook's posterior (paper section 3.1): (z [B, T', P d], the codebook's parameters as
 * they are trained) to token ids as whole numbers of z's type, [B, T' P]; the caller casts them. There is no gradient.
 */
@Op(name = DecodeOp.NAME)
public final class DecodeOp extends JavaOp {
  static final String NAME = "tarflow_decode";

  private final PackedParameters<Components> packed = new PackedParameters<>();
  private TarFlowConfig config;

  public DecodeOp() {}

  /**
   * The op in a graph.
   *
   * @param parameter graph variable of a parameter by its name
   */
  public DecodeOp(SameDiff sd, TarFlowConfig config, SDVariable z, Function<String, SDVariable> parameter) {
    super(sd, inputs(config, z, parameter));
    addSArgument(config.toJson());
  }

  /** Promises that the parameters do not change any more: they are packed once, at the next execution. */
  public void fixParameters() {
    packed.fix();
  }

  private static SDVariable[] inputs(TarFlowConfig config, SDVariable z, Function<String, SDVariable> parameter) {
    List<SDVariable> inputs = new ArrayList<>(List.of(z));
    names(config).forEach(name -> inputs.add(parameter.apply(name)));
    return inputs.toArray(new SDVariable[0]);
  }

  private static List<String> names(TarFlowConfig config) {
    return ParameterShapes.of(config).keySet().stream().filter(name -> name.startsWith("codebook.")).toList();
  }

  @Override
  public void configureFromArguments() {
    super.configureFromArguments();
    config();
  }

  private TarFlowConfig config() {
    if (config == null) {
      config = TarFlowConfig.fromJson(getSArgument(0));
    }
    return config;
  }

  @Override
  protected long[][] outputShapes(List<INDArray> inputs) {
    INDArray z = inputs.get(0);
    if (z.rank() != 3 || z.size(2) != config().channels()) {
      throw new IllegalArgumentException(
          NAME + ": expected z of shape [batch, positions, " + config().channels() + "], found " + Arrays.toString(z.shape()));
    }
    return new long[][] {{z.size(0), z.size(1) * config().patchSize()}};
  }

  @Override
  protected void run(List<INDArray> inputs, List<INDArray> outputs) {
    Components codebook = packed.get(inputs.subList(1, inputs.size()),
        () -> StackWeights.codebook(config(), name -> FlowOp.floats(inputs.get(1 + names(config()).indexOf(name)))));
    LatentDecoder decoder = new LatentDecoder(codebook);
    double[][] z = FlowOp.sequences(inputs.get(0));
    double[][] ids = new double[z.length][];
    Parallel.run(z.length, b -> ids[b] = Arrays.stream(decoder.decode(z[b])).asDoubleStream().toArray());
    FlowOp.write(ids, outputs.get(0));
  }

  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    throw new UnsupportedOperationException(NAME + " has no gradient");
  }
}
