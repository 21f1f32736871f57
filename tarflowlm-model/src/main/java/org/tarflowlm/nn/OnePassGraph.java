package org.tarflowlm.nn;

import java.util.Collection;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.Solver;
import org.deeplearning4j.optimize.api.ConvexOptimizer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.optimize.solvers.BaseOptimizer;
import org.deeplearning4j.optimize.solvers.StochasticGradientDescent;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A ComputationGraph whose parameters move in one pass over memory ({@link OnePassUpdate}). DL4J divides the gradient by the batch
 * size, updates, adds weight decay and subtracts, each in a pass of its own. The same bits come out of both, so a copy that is a plain
 * ComputationGraph (DL4J's {@code clone}, a restored file) trains on just as well, a little slower. The class is public for DL4J, which
 * calls its {@code clone} by reflection; only this package makes one.
 */
public final class OnePassGraph extends ComputationGraph {
  private static final long serialVersionUID = 1L;

  OnePassGraph(ComputationGraphConfiguration configuration) {
    super(configuration);
    solver = new OnePassSolver(new Optimizer(this));
  }

  // DL4J's InMemoryModelSaver looks for a clone() that the network's own class declares.
  @Override
  public ComputationGraph clone() {
    return super.clone();
  }

  /** DL4J's solver makes its optimiser itself; this one has been given it. */
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
      // there from the start
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
      OnePassUpdate update = accumulator == null ? OnePassUpdate.of(graph) : null;
      if (update == null) {
        return super.optimize(workspaces);
      }
      TarFlowLayer layer = TarFlowNetwork.layer(graph);
      layer.leaveScalingToUpdate(true);
      try {
        graph.computeGradientAndScore(workspaces);
      } finally {
        layer.leaveScalingToUpdate(false);
      }
      score = graph.score();
      int iteration = graph.getIterationCount();
      int epoch = graph.getEpochCount();
      try (MemoryWorkspace ignored = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces()) {
        trainingListeners.forEach(listener -> listener.onGradientCalculation(graph));
        update.apply(layer.gradientScale(), iteration, epoch);
        trainingListeners.forEach(listener -> listener.iterationDone(graph, iteration, epoch));
      }
      BaseOptimizer.incrementIterationCount(graph, 1);
      BaseOptimizer.applyConstraints(graph);
      return true;
    }
  }
}
