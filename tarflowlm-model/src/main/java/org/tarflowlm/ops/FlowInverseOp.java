package org.tarflowlm.ops;

import java.util.List;
import java.util.function.Function;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.flow.FlowPass;
import org.tarflowlm.flow.Sampling;

/**
 * The inverse of a whole flow, its in-token flows included, as one op, u to z, with cached keys and values and root finding: (u [B, T',
 * D], the latents of a prompt [B, n, D] if there is one, the parameters of {@link FlowOp#parameterNames}) to z [B, T', D]. With a prompt z
 * begins with its latents, and the first n positions of u are not read. Channels are in the order of z on both sides. Parameters are
 * packed at the first execution and again when they have changed. There is no gradient: the inverse pass samples, it does not train.
 */
@Op(name = FlowInverseOp.NAME)
public final class FlowInverseOp extends FlowOp {
  static final String NAME = "tarflow_flow_inverse";

  public FlowInverseOp() {}

  /**
   * The op in a graph.
   *
   * @param config the model
   * @param flow which flow of it; one with a transformer of its own
   * @param sampling how it samples; see {@link Sampling#of}
   * @param prompt latents of this flow's input that are held fixed; or null
   * @param parameter graph variable of a parameter by its name
   * @throws IllegalArgumentException if the flow cannot honour the sampling, or shares the transformer of another
   */
  public FlowInverseOp(SameDiff sd, TarFlowConfig config, int flow, Sampling sampling, SDVariable u, SDVariable prompt,
      Function<String, SDVariable> parameter) {
    super(sd, config, flow, 1, sampling, u, prompt, parameter);
  }

  /** The op on arrays; arguments as above. */
  public FlowInverseOp(TarFlowConfig config, int flow, Sampling sampling, INDArray u, INDArray prompt,
      Function<String, INDArray> parameter) {
    super(config, flow, 1, sampling, u, prompt, parameter);
  }

  @Override
  protected long[][] outputShapes(List<INDArray> inputs) {
    requireLatents("u", inputs);
    return new long[][] {inputs.get(0).shape()};
  }

  @Override
  protected void run(List<INDArray> inputs, List<INDArray> outputs) {
    double[][] u = sequences(inputs.get(0));
    double[][] known = hasPrompt() ? sequences(prompt(inputs)) : new double[u.length][0];
    write(FlowPass.inverse(weights(inputs), sampling(), config().channels(), u, known), outputs.get(0));
  }
}
