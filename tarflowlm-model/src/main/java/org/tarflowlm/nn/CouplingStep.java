package org.tarflowlm.nn;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.config.Coupling;
import org.tarflowlm.graph.CouplingGraph;
import org.tarflowlm.graph.KernelChoice;
import org.tarflowlm.graph.WindowGraph;
import org.tarflowlm.nn.session.GraphSession;
import org.tarflowlm.nn.session.QuietOutput;

/** Forward and gradient of one coupling alone, for measuring. */
public final class CouplingStep implements AutoCloseable {
  private final SameDiff sameDiff;
  private final List<String> inputs;
  private final GraphSession session;
  private final List<String> wanted = new ArrayList<>();

  /**
   * The other arguments are those of {@link CouplingGraph}.
   *
   * @param recycled whether to run in recycled memory, as {@link TarFlowLayer} runs a model's graph; else as SameDiff does by itself
   */
  public CouplingStep(Coupling coupling, KernelChoice kernels, boolean recycled, DataType type, int rows, int dims, int mixtures) {
    CouplingGraph graph = new CouplingGraph(coupling, kernels, type, rows, dims, mixtures);
    sameDiff = graph.sameDiff();
    QuietOutput.run(sameDiff::createGradFunction);
    inputs = graph.inputs();
    session = recycled ? new GraphSession(sameDiff.getFunction("grad")) : null;
    wanted.add(WindowGraph.LOSS);
    inputs.forEach(input -> wanted.add(sameDiff.getVariable(input).gradient().name()));
  }

  /** Computes the loss and the gradients of all inputs once. */
  public void run() {
    if (session == null) {
      sameDiff.calculateGradients(Map.of(), inputs).values().forEach(INDArray::close);
      return;
    }
    session.run(wanted, Map.of(), Operation.TRAINING, List.of());
    session.endStep();
  }

  @Override
  public void close() {
    if (session != null) {
      session.close();
    }
  }
}
