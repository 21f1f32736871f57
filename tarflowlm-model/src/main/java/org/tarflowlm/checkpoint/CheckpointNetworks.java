package org.tarflowlm.checkpoint;

import java.util.LinkedHashMap;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.checkpoint.safetensors.FloatTensor;
import org.tarflowlm.nn.OptimizerSpec;
import org.tarflowlm.nn.TarFlowNetwork;

/** Converts checkpoints to DL4J networks and back. */
public final class CheckpointNetworks {
  /** Default number of iterations over which a loaded network's learning rate decays. */
  public static final int DEFAULT_STEPS = 1000;

  private CheckpointNetworks() {}

  /** A network with the checkpoint's weights, to score or to train further with the default optimiser. */
  public static ComputationGraph network(Checkpoint checkpoint) {
    return network(checkpoint, OptimizerSpec.defaults(), DEFAULT_STEPS, 1);
  }

  /**
   * A network with the checkpoint's weights, to be trained further.
   *
   * @param totalSteps iterations over which the learning rate decays
   * @param seed of the encoder's noise
   */
  public static ComputationGraph network(Checkpoint checkpoint, OptimizerSpec optimizer, int totalSteps, long seed) {
    ComputationGraph network = TarFlowNetwork.createEmpty(checkpoint.config(), optimizer, totalSteps, seed);
    assign(checkpoint.tensors(), network);
    return network;
  }

  /**
   * A network's weights as they are now.
   *
   * @param card model card in Markdown; null to have one written from {@code info}
   * @throws CheckpointException if a weight is NaN or infinite, or the tokenizer does not fit the vocabulary
   */
  public static Checkpoint checkpoint(ComputationGraph network, CheckpointInfo info, String card) {
    Map<String, FloatTensor> tensors = new LinkedHashMap<>();
    TarFlowNetwork.parameters(network).forEach((name, view) -> {
      try (INDArray copy = view.dup('c')) {
        tensors.put(name, new FloatTensor(view.shape(), copy.data().asFloat()));
      }
    });
    return new Checkpoint(TarFlowNetwork.layer(network).model(), info, tensors, card);
  }

  /** Replaces a network's parameters by the tensors of the same names; other parameters stay. */
  public static void assign(Map<String, FloatTensor> tensors, ComputationGraph network) {
    Map<String, INDArray> parameters = TarFlowNetwork.parameters(network);
    tensors.forEach((name, tensor) -> {
      try (INDArray values = Nd4j.createFromArray(tensor.values())) {
        parameters.get(name).assign(values.reshape('c', tensor.shape()));
      }
    });
  }
}
