package org.tarflowlm.spark;

import java.io.Serializable;
import org.tarflowlm.ScoringOptions;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.generate.GenerationOptions;

/**
 * The model to apply to rows, and its options.
 *
 * @param model an id of the zoo, a folder or archive that every machine sees, {@code https://.../NAME.zip#sha256=HASH}, or {@code
 *     spark-files:NAME} for a file that {@code SparkContext.addFile} or {@code spark-submit --files} has sent to every executor
 * @param scoring how to score
 * @param generation how to generate, with batch size 1; null for the checkpoint's own defaults
 * @param seedColumn integer column with the seed of each row's text; null to use one seed for all rows
 * @param prefix put before the names of the new columns
 * @param modelsPerExecutor most copies of the model per JVM; 0 for one per running task, so that no task waits for another
 * @param mixedMachines whether executors may compute with other kernels than the driver, which changes the last bits of results
 */
public record SparkOptions(String model, ScoringOptions scoring, GenerationOptions generation, String seedColumn, String prefix,
    int modelsPerExecutor, boolean mixedMachines) implements Serializable {

  /** @throws IllegalArgumentException if the model is empty, modelsPerExecutor is negative, or generation has another batch size than 1 */
  public SparkOptions {
    if (model == null || model.isBlank()) {
      throw new IllegalArgumentException("model is empty; expected an id of the zoo, a folder, an address or spark-files:NAME");
    }
    model = model.contains("/") ? HadoopText.everywhere(model) : model;
    if (modelsPerExecutor < 0) {
      throw new IllegalArgumentException("modelsPerExecutor is " + modelsPerExecutor + "; expected at least 0");
    }
    if (generation != null && generation.batchSize() != 1) {
      throw new IllegalArgumentException("batchSize is " + generation.batchSize() + "; expected 1: each row gives one text");
    }
  }

  /** A model with the defaults of the local commands. */
  public static SparkOptions of(String model) {
    return new SparkOptions(model, ScoringOptions.defaults(), null, null, "", 0, false);
  }

  /** The zoo's default model. */
  public static SparkOptions defaults() {
    return of(TarFlowLM.DEFAULT);
  }

  public SparkOptions withScoring(ScoringOptions value) {
    return new SparkOptions(model, value, generation, seedColumn, prefix, modelsPerExecutor, mixedMachines);
  }

  public SparkOptions withGeneration(GenerationOptions value) {
    return new SparkOptions(model, scoring, value, seedColumn, prefix, modelsPerExecutor, mixedMachines);
  }

  public SparkOptions withSeedColumn(String value) {
    return new SparkOptions(model, scoring, generation, value, prefix, modelsPerExecutor, mixedMachines);
  }

  public SparkOptions withPrefix(String value) {
    return new SparkOptions(model, scoring, generation, seedColumn, value, modelsPerExecutor, mixedMachines);
  }

  public SparkOptions withModelsPerExecutor(int value) {
    return new SparkOptions(model, scoring, generation, seedColumn, prefix, value, mixedMachines);
  }

  public SparkOptions withMixedMachines(boolean value) {
    return new SparkOptions(model, scoring, generation, seedColumn, prefix, modelsPerExecutor, value);
  }
}
