package org.tarflowlm.nn;

import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.graph.WindowGraph;

/** What the transformer of a flow computes for a text, as {@link TarFlowFeatures} gives it to DL4J networks. */
public final class HiddenStates {
  private HiddenStates() {}

  /**
   * The hidden state at each position, from which the coupling takes its parameters: a function of the patches that the flow reads before
   * it. Tokens enter as the means of their latents, so the same ids give the same output.
   *
   * @param ids INT [batch, time], whole patches, at most a window
   * @param flow counted from 0; an in-token flow has the states of the flow whose transformer it shares
   * @return [batch, time / patch, width]
   * @throws IllegalArgumentException if the model is discrete, or has no such flow
   */
  public static INDArray of(TarFlowLayer layer, INDArray ids, int flow) {
    TarFlowConfig config = layer.model();
    String name = WindowGraph.features(trunk(config, flow));
    try (INDArray noise = Nd4j.zeros(DataType.FLOAT, ids.size(0), ids.size(1), config.latentDim())) {
      return layer.evaluate(List.of(name), ids, noise).get(name);
    }
  }

  /** The flow whose transformer a flow reads with. */
  static int trunk(TarFlowConfig config, int flow) {
    if (config.model() != ModelType.TARFLOW) {
      throw new IllegalArgumentException("the model is " + config.model() + "; expected " + ModelType.TARFLOW);
    }
    if (flow < 0 || flow >= config.flows().size()) {
      throw new IllegalArgumentException("flow " + flow + "; expected 0 to " + (config.flows().size() - 1));
    }
    return config.trunkOf(flow);
  }
}
