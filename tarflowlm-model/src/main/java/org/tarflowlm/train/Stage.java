package org.tarflowlm.train;

import java.util.List;
import java.util.Map;
import org.tarflowlm.checkpoint.safetensors.FloatTensor;

/**
 * Starting point of one stage of a layer-wise run; an ordinary run is one stage without one.
 *
 * @param carried parameters of the stage before by name: they replace the network's own start
 * @param frozen name prefixes of parameters that do not train
 * @param patience validations without a new best after which the run ends; 0 for never
 */
record Stage(Map<String, FloatTensor> carried, List<String> frozen, int patience) {
  static final Stage WHOLE = new Stage(Map.of(), List.of(), 0);
}
