package org.tarflowlm.train;

import java.io.IOException;
import java.util.List;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.tarflowlm.nn.TarFlowNetwork;

/** Compute the updates of a run: {@link TrainingWorker} in this process, other implementations on the machines of a cluster. */
public interface Workers {
  /** Number of workers that share an update, each with its own batch. */
  int count();

  /** The most updates in one call of {@link #take}; only after it is the trainer's network up to date. */
  int round();

  /**
   * Computes updates.
   *
   * @param network the trainer's; at the start it holds parameters and moments after {@code from} updates, at the end after all of them
   * @param steps number of updates, at most {@link #round()}
   * @return one result per update; its loss is the mean over the workers, in nats per token
   */
  List<TarFlowNetwork.Step> take(ComputationGraph network, int from, int steps) throws IOException;
}
