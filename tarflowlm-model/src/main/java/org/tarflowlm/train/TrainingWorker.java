package org.tarflowlm.train;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.data.windows.WindowIterator;
import org.tarflowlm.graph.KernelChoice;
import org.tarflowlm.nn.TarFlowNetwork;

/**
 * A network and the batches it trains on, for a single worker or one of several. Several workers share no windows and draw different
 * noise. The result of updates depends only on parameters, moments and the number of the first update.
 */
public final class TrainingWorker implements Workers {
  private final TrainingSpec spec;
  private final ComputationGraph network;
  private final WindowIterator batches;

  /**
   * Creates a worker of a run.
   *
   * @param worker index of this worker, 0 to {@code workers - 1}
   * @throws org.tarflowlm.data.DataException if the text has no window for this worker
   */
  public TrainingWorker(RunConfig config, TokenSequence train, int worker, int workers) {
    this(config, train, List.of(), worker, workers);
  }

  TrainingWorker(RunConfig config, TokenSequence train, List<String> frozen, int worker, int workers) {
    spec = config.training();
    network = TarFlowNetwork.create(config.model(), spec.optimizer(), spec.steps(), spec.seed() + worker, KernelChoice.AUTO,
        Stream.concat(frozen.stream(), spec.frozen().stream()).toList(), DataType.FLOAT);
    batches = WindowIterator.builder(train, config.model().contextLength()).batch(spec.batchSize()).shuffled(spec.seed())
        .shard(worker, workers).endless().build();
  }

  /** The network that this worker trains. */
  public ComputationGraph network() {
    return network;
  }

  @Override
  public int count() {
    return 1;
  }

  @Override
  public int round() {
    return 1;
  }

  @Override
  public List<TarFlowNetwork.Step> take(ComputationGraph own, int from, int steps) {
    List<TarFlowNetwork.Step> taken = new ArrayList<>();
    batches.seek((long) from * spec.accumulate());
    for (int step = 0; step < steps; step++) {
      List<MultiDataSet> together = IntStream.range(0, spec.accumulate()).mapToObj(i -> batches.next()).toList();
      taken.add(TarFlowNetwork.step(own, together));
      together.forEach(batch -> batch.getFeatures(0).close()); // labels are the same array
    }
    return taken;
  }
}
