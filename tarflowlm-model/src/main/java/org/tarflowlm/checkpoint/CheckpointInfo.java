package org.tarflowlm.checkpoint;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tarflowlm.json.ConfigException;
import org.tarflowlm.json.Records;

/**
 * A checkpoint's metadata, {@code checkpoint.json}.
 *
 * @param formatVersion version of the folder's layout, see {@link #FORMAT_VERSION}
 * @param id short name, such as {@code text8-mixd-small}; optional
 * @param version of the weights under that id
 * @param tokenizer name of the tokenizer
 * @param description one line
 * @param license SPDX name of the weights' licence
 * @param corpus what the model was trained on
 * @param generation defaults of generation
 * @param measurements measured likelihoods
 * @param training how the model was trained, in free form: command, seed, steps, tokens seen, hashes of the data
 * @param weightsSha256 SHA-256 of {@code model.safetensors} in hexadecimal; checked on loading if present
 */
public record CheckpointInfo(
    @JsonProperty(required = true) int formatVersion,
    String id,
    String version,
    @JsonProperty(required = true) String tokenizer,
    String description,
    String license,
    String corpus,
    GenerationDefaults generation,
    List<Measurement> measurements,
    Map<String, String> training,
    String weightsSha256) {

  /** The layout that this library writes; it reads this one and all older ones. */
  public static final int FORMAT_VERSION = 1;

  public CheckpointInfo {
    ConfigException.requireAtLeast("formatVersion", formatVersion, 1);
    ConfigException.require(tokenizer != null && !tokenizer.isBlank(), "tokenizer", "is missing; expected the name of a tokenizer");
    generation = generation == null ? GenerationDefaults.defaults() : generation;
    measurements = measurements == null ? List.of() : List.copyOf(measurements);
    training = training == null ? Map.of() : Collections.unmodifiableMap(new LinkedHashMap<>(training));
    if (weightsSha256 != null && !weightsSha256.matches("[0-9a-f]{64}")) {
      throw new ConfigException("weightsSha256", "is \"" + weightsSha256 + "\"; expected 64 lower-case hexadecimal digits");
    }
  }

  /** Metadata that name only a tokenizer. */
  public static CheckpointInfo of(String tokenizer) {
    return new CheckpointInfo(FORMAT_VERSION, null, null, tokenizer, null, null, null, null, null, null, null);
  }

  /** A copy for weights with this hash, in the current format. */
  CheckpointInfo withWeights(String sha256) {
    return Records.with(Records.with(this, "formatVersion", FORMAT_VERSION), "weightsSha256", sha256);
  }

  public CheckpointInfo withName(String newId, String newVersion, String newDescription) {
    return Records.with(Records.with(Records.with(this, "id", newId), "version", newVersion), "description", newDescription);
  }

  public CheckpointInfo withOrigin(String newLicense, String newCorpus) {
    return Records.with(Records.with(this, "license", newLicense), "corpus", newCorpus);
  }

  public CheckpointInfo withGeneration(GenerationDefaults defaults) {
    return Records.with(this, "generation", defaults);
  }

  public CheckpointInfo withMeasurements(List<Measurement> measured) {
    return Records.with(this, "measurements", measured);
  }

  public CheckpointInfo withTraining(Map<String, String> facts) {
    return Records.with(this, "training", facts);
  }
}
