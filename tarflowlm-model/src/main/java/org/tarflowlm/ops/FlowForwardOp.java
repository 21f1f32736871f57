package org.tarflowlm.ops;

import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.flow.FlowPass;
import org.tarflowlm.flow.Sampling;

/**
 * A whole flow from data to noise with the kernel of {@link FlowInverseOp}, to whose last bit it agrees: what a prompt is at the levels
 * above z, and the levels between in-token flows. Inputs as there, z instead of u. Outputs: what the flow and each of its in-token flows
 * give, [B, T', D], the last of which is u; and, if there is a prompt, of which only the length is read, the first n positions of u [B, n,
 * D]. Sampling acts after the prompt. There is no gradient; training has the forward graph.
 */
@Op(name = FlowForwardOp.NAME)
public final class FlowForwardOp extends FlowOp {
  static final String NAME = "tarflow_flow_forward";

  public FlowForwardOp() {}

  /** The op in a graph; arguments as for {@link FlowInverseOp}. */
  public FlowForwardOp(SameDiff sd, TarFlowConfig config, int flow, Sampling sampling, SDVariable z, SDVariable prompt,
      Function<String, SDVariable> parameter) {
    super(sd, config, flow, config.endOfTrunk(flow) - flow, sampling, z, prompt, parameter);
  }

  /** The op on arrays. */
  public FlowForwardOp(TarFlowConfig config, int flow, Sampling sampling, INDArray z, INDArray prompt,
      Function<String, INDArray> parameter) {
    super(config, flow, config.endOfTrunk(flow) - flow, sampling, z, prompt, parameter);
  }

  @Override
  public int getNumOutputs() {
    return config().endOfTrunk(flow()) - flow() + (hasPrompt() ? 1 : 0);
  }

  @Override
  protected long[][] outputShapes(List<INDArray> inputs) {
    requireLatents("z", inputs);
    long[][] shapes = new long[getNumOutputs()][];
    Arrays.fill(shapes, inputs.get(0).shape());
    if (hasPrompt()) {
      shapes[shapes.length - 1] = prompt(inputs).shape();
    }
    return shapes;
  }

  @Override
  protected void run(List<INDArray> inputs, List<INDArray> outputs) {
    int known = hasPrompt() ? Math.toIntExact(prompt(inputs).size(1)) : 0;
    double[][][] levels = FlowPass.forward(weights(inputs), sampling(), config().channels(), sequences(inputs.get(0)), known);
    for (int i = 0; i < outputs.size(); i++) {
      write(levels[Math.min(i, levels.length - 1)], outputs.get(i));
    }
  }
}
