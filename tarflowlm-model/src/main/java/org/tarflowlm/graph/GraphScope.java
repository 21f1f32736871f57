package org.tarflowlm.graph;

import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.tarflowlm.config.TarFlowConfig;

/**
 * What the builders share while they put one graph together.
 *
 * @param sd the graph
 * @param config the model
 * @param parameters variables (or constants, where frozen) by parameter name
 * @param primitives the transformer's building blocks
 * @param couplings the couplings and the codebook
 * @param type floating-point type of the graph
 * @param tokens T, tokens of a window of this graph; at most the context length and a multiple of the patch size
 */
record GraphScope(
    SameDiff sd, TarFlowConfig config, Map<String, SDVariable> parameters, Primitives primitives, Couplings couplings, DataType type,
    int tokens) {

  SDVariable parameter(String name) {
    SDVariable result = parameters.get(name);
    if (result == null) {
      throw new IllegalStateException("no parameter named " + name + " in the graph");
    }
    return result;
  }

  Matrix matrix(String name) {
    return Matrix.of(parameter(name));
  }

  int positions() {
    return tokens / config.patchSize();
  }
}
