package org.tarflowlm.train;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.tarflowlm.checkpoint.CheckpointInfo;
import org.tarflowlm.checkpoint.CheckpointNetworks;
import org.tarflowlm.checkpoint.Measurement;
import org.tarflowlm.checkpoint.safetensors.DType;
import org.tarflowlm.config.RecordJson;
import org.tarflowlm.eval.LikelihoodEstimate;

/** The parameters with the best validation so far, as a checkpoint that carries the facts of its training. */
final class BestCheckpoint {
  private final Path folder;
  private final RunConfig config;

  BestCheckpoint(Path folder, RunConfig config) {
    this.folder = folder;
    this.config = config;
  }

  /** @param averaged whether the network has the weights' moving average at present */
  void save(ComputationGraph network, int step, long tokens, LikelihoodEstimate valid, boolean averaged) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("step", Integer.toString(step));
    facts.put("tokens", Long.toString(tokens));
    if (averaged) {
      facts.put("weights", "exponential moving average, decay " + config.training().emaDecay());
    }
    facts.put("settings", RecordJson.write(config.training()).replaceAll("\\s+", " ").trim());
    CheckpointInfo info = CheckpointInfo.of(config.tokenizer())
        .withTraining(facts)
        .withMeasurements(List.of(new Measurement("validation windows of the run", valid.bound().name(), valid.bitsPerToken(),
            Double.isFinite(valid.standardErrorBits()) ? valid.standardErrorBits() : null, valid.tokens())));
    CheckpointNetworks.checkpoint(network, info, null).save(folder, DType.F32, true);
  }
}
