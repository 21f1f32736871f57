package org.tarflowlm.train;

import java.io.IOException;
import java.util.List;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.tarflowlm.nn.TarFlowNetwork;

/** Take the updates of a run: {@link TrainingWorker} here, others on the machines of a cluster. */
public interface Workers {
  /** How many take an update at once, each with a batch of its own. */
  int count();

  /** Most updates between two moments at which the trainer's network must be up to date. */
  int round();

  /**
   * Takes updates.
   *
   * @param network the trainer's: its parameters and moments are those after {@code from} updates, and in the end those after them all
   * @param steps at most {@link #round()}
   * @return each of them, its loss being the mean over the workers
   */
  List<TarFlowNetwork.Step> take(ComputationGraph network, int from, int steps) throws IOException;
}
