package org.tarflowlm.nn;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.backend.HostMemory;
import org.tarflowlm.config.Coupling;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.graph.KernelChoice;
import org.tarflowlm.graph.WindowGraph;
import org.tarflowlm.kernel.Gemm;
import org.tarflowlm.ops.Ops;

/** What a process does on a thread of its own when it starts, while the caller's thread is busy or waits. */
final class EarlyStart {
  private static final FutureTask<Void> OF_ND4J = new FutureTask<>(Ops::register, null);
  private static final AtomicBoolean BEGUN = new AtomicBoolean();
  private static final AtomicBoolean REHEARSED = new AtomicBoolean();
  private static final int TOKENS = 12;

  private EarlyStart() {}

  /** Starts ND4J, which takes longer than reading a checkpoint does. Only the first call in a process has an effect. */
  static void begin() {
    if (!BEGUN.getAndSet(true)) {
      start(() -> {
        OF_ND4J.run();
        Gemm.load();
      });
    }
  }

  /**
   * Scores one text with a tiny model of zeros, which loads the classes of graphs and kernels while the caller makes its network. Only the
   * first call in a process has an effect.
   */
  static void rehearse() {
    if (!REHEARSED.getAndSet(true) && HostMemory.isShared()) {
      start(EarlyStart::scoreZeros);
    }
  }

  /** The thread's class loader for services is that of the caller. */
  private static void start(Runnable work) {
    Thread thread = new Thread(work, "tarflowlm-start");
    thread.setUncaughtExceptionHandler((same, failure) -> { }); // whoever uses the class that failed gets the reason
    thread.setDaemon(true);
    thread.start();
  }

  /** @throws RuntimeException if a graph of such a model cannot be built or run, which rehearsing ignores */
  static void scoreZeros() {
    TarFlowConfig tiny = new TarFlowConfig(null, 2, TOKENS, 2, 2, 1, null, null, List.of(
        new FlowSpec(Coupling.MIX_D, 1, 2, Direction.LEFT_TO_RIGHT, true, null, null, null, null),
        new FlowSpec(Coupling.MIX_1, 1, 2, Direction.RIGHT_TO_LEFT, false, null, null, null, null)), null, null, null, null, null, null);
    Map<String, INDArray> zeros = new LinkedHashMap<>();
    ParameterShapes.of(tiny).forEach((name, shape) -> zeros.put(name, Nd4j.zeros(DataType.FLOAT, shape)));
    WindowSessions sessions = new WindowSessions((graph, window) ->
        WindowGraph.build(graph, tiny, window, DataType.FLOAT, KernelChoice.AUTO, zeros, Set.of()));
    try (INDArray ids = Nd4j.zeros(DataType.INT32, 1, TOKENS); INDArray noise = Nd4j.zeros(DataType.FLOAT, 1, TOKENS, 2);
        ModelBatch batch = ModelBatch.of(tiny, DataType.FLOAT, ids, noise, new int[] {TOKENS - 1})) {
      sessions.graph(batch.window(null));
      sessions.outputs(List.of(WindowGraph.terms(0), WindowGraph.terms(1), WindowGraph.terms(2)),
          batch.placeholders(sessions.window(), null)).values().forEach(INDArray::close);
    } finally {
      sessions.close();
      zeros.values().forEach(INDArray::close);
    }
  }

  /** Waits for ND4J, if its start has begun; throws what that threw, which later uses of its classes would hide. */
  static void await() {
    try {
      if (BEGUN.get()) {
        OF_ND4J.get();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the first use of ND4J waits too
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw (RuntimeException) e.getCause();
    }
  }
}
