package org.tarflowlm.spark;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.nn.TarFlowNetwork;

/**
 * State sent between driver and workers, 12 bytes per parameter, and the results that a worker returns with it.
 *
 * @param parameters of the network, flat
 * @param moments of the optimiser, flat, two per parameter
 * @param losses of the updates that led to this state, nats per token
 * @param skipped for each of them, whether it was skipped
 * @param seconds that the updates took; after averaging, those of the slowest worker
 */
record NetworkState(float[] parameters, float[] moments, double[] losses, boolean[] skipped, double seconds) implements Serializable {

  /** The current state of a network. */
  static NetworkState of(ComputationGraph network, List<TarFlowNetwork.Step> taken, double seconds) {
    boolean[] skipped = new boolean[taken.size()];
    IntStream.range(0, skipped.length).forEach(i -> skipped[i] = taken.get(i).skipped());
    return new NetworkState(flat(network.params()), flat(TarFlowNetwork.updaterState(network)),
        taken.stream().mapToDouble(TarFlowNetwork.Step::loss).toArray(), skipped, seconds);
  }

  /** Sets a network to this state, reached after {@code step} updates. */
  void into(ComputationGraph network, int step) {
    assign(network.params(), parameters);
    assign(TarFlowNetwork.updaterState(network), moments);
    TarFlowNetwork.setIteration(network, step);
  }

  /** The mean, summed in the order of the workers so that it is repeatable. An update counts as skipped if every worker skipped it. */
  static NetworkState mean(List<NetworkState> states) {
    NetworkState first = states.get(0);
    if (states.size() == 1) {
      return first;
    }
    boolean[] skipped = new boolean[first.skipped.length];
    Arrays.fill(skipped, true);
    double[] losses = new double[first.losses.length];
    for (NetworkState each : states) {
      for (int i = 0; i < losses.length; i++) {
        losses[i] += each.losses[i] / states.size();
        skipped[i] &= each.skipped[i];
      }
    }
    return new NetworkState(meanOf(states.stream().map(NetworkState::parameters).toList()),
        meanOf(states.stream().map(NetworkState::moments).toList()), losses, skipped,
        states.stream().mapToDouble(NetworkState::seconds).max().orElse(0));
  }

  private static float[] meanOf(List<float[]> arrays) {
    float[] sum = arrays.get(0).clone();
    for (float[] each : arrays.subList(1, arrays.size())) {
      for (int i = 0; i < sum.length; i++) {
        sum[i] += each[i];
      }
    }
    for (int i = 0; i < sum.length; i++) {
      sum[i] /= arrays.size();
    }
    return sum;
  }

  /** The updates that led to this state. */
  List<TarFlowNetwork.Step> taken() {
    return IntStream.range(0, losses.length).mapToObj(i -> new TarFlowNetwork.Step(losses[i], skipped[i])).toList();
  }

  private static float[] flat(INDArray array) {
    return array.dup('c').data().asFloat();
  }

  private static void assign(INDArray target, float[] values) {
    try (INDArray array = Nd4j.create(values, target.shape(), 'c')) {
      target.assign(array);
    }
  }
}
