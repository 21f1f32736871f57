package org.tarflowlm;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.flow.Sampling;
import org.tarflowlm.flow.StackInverse;
import org.tarflowlm.nn.InverseSession;

/** A checkpoint's inverse graph for many threads: as many sessions as there are callers at one time, over one set of parameters. */
final class GraphInverse implements StackInverse {
  private final Checkpoint checkpoint;
  private final Queue<InverseSession> fromNothing = new ConcurrentLinkedQueue<>();
  private final Queue<InverseSession> withPrompt = new ConcurrentLinkedQueue<>();
  private Map<String, INDArray> parameters;

  GraphInverse(Checkpoint checkpoint) {
    this.checkpoint = checkpoint;
  }

  @Override
  public Window inverse(Sampling sampling, double[][] u, double[][] prompt) {
    Queue<InverseSession> idle = prompt[0].length == 0 ? fromNothing : withPrompt;
    InverseSession session = idle.poll();
    if (session == null) {
      TarFlowConfig config = checkpoint.config();
      session = new InverseSession(config, parameters(), idle == withPrompt).fixParameters();
    }
    Window window = session.inverse(sampling, u, prompt);
    idle.add(session);
    return window;
  }

  @Override
  public boolean isAvailable() {
    return InverseSession.isPossible();
  }

  private synchronized Map<String, INDArray> parameters() {
    if (parameters == null) {
      parameters = new LinkedHashMap<>();
      checkpoint.tensors().forEach((name, tensor) -> parameters.put(name, Nd4j.create(tensor.values(), tensor.shape(), 'c')));
    }
    return parameters;
  }
}
