package org.tarflowlm.nn;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.updater.UpdaterBlock;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * An optimiser's state by parameter. DL4J keeps it in one flat array, in blocks of neighbouring parameters with equal updaters: of a
 * block with n numbers, n first moments, then n second ones. Freezing a part cuts blocks in two, so the array of a network does not fit
 * another one that freezes other parts.
 */
final class UpdaterStates {
  private UpdaterStates() {}

  /** Copies the state of every parameter that both networks train with an equal number of moments; the rest stays as it is. */
  static void copy(ComputationGraph from, ComputationGraph to) {
    Map<String, List<INDArray>> old = byParameter(from);
    byParameter(to).forEach((name, views) -> {
      List<INDArray> known = old.get(name);
      if (known != null && known.size() == views.size()) {
        for (int i = 0; i < views.size(); i++) {
          if (known.get(i).length() == views.get(i).length()) {
            views.get(i).assign(known.get(i));
          }
        }
      }
    });
  }

  /** Views into the state of a network, by parameter: the first moments, the second ones, as many as the updater has. */
  private static Map<String, List<INDArray>> byParameter(ComputationGraph network) {
    Map<String, List<INDArray>> result = new HashMap<>();
    for (UpdaterBlock block : network.getUpdater().getUpdaterBlocks()) {
      int parameters = block.getParamOffsetEnd() - block.getParamOffsetStart();
      int states = block.getUpdaterViewOffsetEnd() - block.getUpdaterViewOffsetStart();
      for (int moment = 0; moment < states / parameters; moment++) {
        INDArray flat = block.getUpdaterView().reshape(states);
        for (UpdaterBlock.ParamState each : block.getLayersAndVariablesInBlock()) {
          long begin = (long) moment * parameters + each.getParamOffsetStart() - block.getParamOffsetStart();
          long end = begin + each.getParamOffsetEnd() - each.getParamOffsetStart();
          result.computeIfAbsent(each.getParamName(), name -> new ArrayList<>()).add(flat.get(NDArrayIndex.interval(begin, end)));
        }
      }
    }
    return result;
  }
}
