package org.tarflowlm.nn;

import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.Solver;
import org.deeplearning4j.optimize.api.ConvexOptimizer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.optimize.solvers.BaseOptimizer;
import org.deeplearning4j.optimize.solvers.StochasticGradientDescent;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.memory.MemoryWorkspaceManager;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A ComputationGraph that updates its parameters in one pass over memory ({@link OnePassUpdate}). DL4J uses a separate pass each to divide
 * the gradient by the batch size, update, add weight decay and subtract. Both give the same bits, so a copy that is a plain
 * ComputationGraph (DL4J's {@code clone}, a restored file) continues training equally, only slightly slower. The class is public because
 * DL4J calls its {@code clone} by reflection; only this package creates instances.
 */
public final class OnePassGraph extends ComputationGraph {
  private static final long serialVersionUID = 1L;

  /** Number of batches in the current update. */
  private transient int batches = 1;
  /** Index of the next batch. */
  private transient int batch;
  /** Sum of the gradients of the batches so far; {@code rows} is the number of rows in it. */
  private transient INDArray sum;
  private transient long rows;
  private transient boolean skipped;

  OnePassGraph(ComputationGraphConfiguration configuration) {
    super(configuration);
    solver = new OnePassSolver(new Optimizer(this));
  }

  // DL4J's InMemoryModelSaver requires that the network's own class declares clone()
  @Override
  public ComputationGraph clone() {
    return super.clone();
  }

  /** Frees what DL4J's method frees, which besides asks Java twice to collect the whole heap of the application. */
  @Override
  public void close() {
    Stream.of(flattenedParams, flattenedGradients, getUpdater(false) == null ? null : getUpdater(false).getStateViewArray())
        .filter(array -> array != null && array.closeable()).forEach(INDArray::close);
    MemoryWorkspaceManager workspaces = Nd4j.getWorkspaceManager();
    workspaces.getAllWorkspacesForCurrentThread().forEach(workspaces::destroyWorkspace);
  }

  /**
   * Runs one update with the summed gradients of several batches, as if all their rows were one batch.
   *
   * @return mean loss in nats per token, and whether the update was skipped
   */
  TarFlowNetwork.Step step(List<? extends MultiDataSet> together) {
    double loss = 0;
    batches = together.size();
    try {
      for (batch = 0; batch < batches; batch++) {
        fit(together.get(batch));
        loss += score() / batches;
      }
      return new TarFlowNetwork.Step(loss, skipped);
    } finally {
      batches = 1;
      batch = 0;
      rows = 0;
    }
  }

  /** Adds a batch's gradient to the sum; returns true after the last batch, when the network's gradient is the sum. */
  private boolean isComplete() {
    INDArray gradient = getFlattenedGradients();
    rows = batch == 0 ? batchSize() : rows + batchSize();
    if (batches == 1) {
      return true;
    }
    if (sum == null) {
      sum = gradient.ulike();
    }
    sum.assign(batch == 0 ? gradient : gradient.addi(sum));
    return batch == batches - 1;
  }

  /** A solver whose optimiser is passed in; DL4J's own solver creates it. */
  private static final class OnePassSolver extends Solver {
    private final Optimizer optimizer;

    OnePassSolver(Optimizer optimizer) {
      this.optimizer = optimizer;
    }

    @Override
    public void optimize(LayerWorkspaceMgr workspaces) {
      optimizer.optimize(workspaces);
    }

    @Override
    public void initOptimizer() {
      // set in the constructor
    }

    @Override
    public ConvexOptimizer getOptimizer() {
      return optimizer;
    }

    @Override
    public void setListeners(Collection<TrainingListener> listeners) {
      optimizer.setListeners(listeners);
    }
  }

  private static final class Optimizer extends StochasticGradientDescent {
    private final OnePassGraph graph;

    Optimizer(OnePassGraph graph) {
      super(graph.conf(), null, graph.getListeners(), graph);
      this.graph = graph;
    }

    @Override
    public boolean optimize(LayerWorkspaceMgr workspaces) {
      TarFlowLayer layer = TarFlowNetwork.layer(graph);
      TarFlowOutputLayer conf = (TarFlowOutputLayer) layer.layerConf();
      OnePassUpdate update = accumulator == null ? OnePassUpdate.of(graph) : null;
      if (update == null && (accumulator != null || graph.batches == 1 && !conf.maySkip())) {
        return super.optimize(workspaces);
      }
      int iteration = graph.getIterationCount();
      int epoch = graph.getEpochCount();
      layer.withoutScaling((long) iteration * graph.batches + graph.batch, () -> graph.computeGradientAndScore(workspaces));
      score = graph.score();
      try (MemoryWorkspace ignored = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces()) {
        if (!graph.isComplete()) {
          return true;
        }
        trainingListeners.forEach(listener -> listener.onGradientCalculation(graph));
        double norm = layer.clipsGradient() || conf.maySkip() ? layer.gradientNorm(graph.rows) : 0;
        graph.skipped = conf.skips(norm, iteration);
        if (!graph.skipped) {
          float factor = layer.clipsGradient() ? layer.clipScale(norm) : 1;
          if (update != null) {
            update.apply(factor, graph.rows, iteration, epoch);
          } else {
            updateByDl4j(factor, iteration, epoch, workspaces);
          }
        }
        trainingListeners.forEach(listener -> listener.iterationDone(graph, iteration, epoch));
      }
      BaseOptimizer.incrementIterationCount(graph, 1);
      BaseOptimizer.applyConstraints(graph);
      return true;
    }

    /** Runs DL4J's own update, for updaters that {@link OnePassUpdate} does not support. */
    private void updateByDl4j(float factor, int iteration, int epoch, LayerWorkspaceMgr workspaces) {
      INDArray gradient = graph.getFlattenedGradients();
      if (factor != 1) {
        gradient.muli(factor);
      }
      graph.getUpdater().update(graph.gradient(), iteration, epoch, Math.toIntExact(graph.rows), workspaces);
      graph.params().subi(gradient.reshape(graph.params().shape()));
    }
  }
}
