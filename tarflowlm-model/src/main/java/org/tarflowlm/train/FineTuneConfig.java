package org.tarflowlm.train;

import java.nio.file.Path;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.json.ConfigException;

/**
 * A run that starts from a checkpoint: the file that {@code tarflowlm train --from} reads. Tokenizer and model are the checkpoint's and
 * may be left out.
 */
public record FineTuneConfig(String tokenizer, TarFlowConfig model, TrainingSpec training) {
  /** @throws ConfigException with one line that names the file, the key, what was found and what was expected */
  public static FineTuneConfig read(Path file) {
    return RunConfig.readWithBase(file, FineTuneConfig.class);
  }

  /**
   * The complete configuration for a checkpoint.
   *
   * @throws ConfigException if the tokenizer or model differs from the checkpoint's, or {@code training} is missing
   */
  public RunConfig of(Checkpoint checkpoint) {
    String known = checkpoint.info().tokenizer();
    if (tokenizer != null && !tokenizer.equals(known)) {
      throw new ConfigException("tokenizer", "is " + tokenizer + "; expected " + known + ", the checkpoint's, or none");
    }
    if (model != null && !model.equals(checkpoint.config())) {
      throw new ConfigException("model", "is not the checkpoint's; expected none, or " + checkpoint.config().toJson());
    }
    return new RunConfig(known, checkpoint.config(), training);
  }
}
