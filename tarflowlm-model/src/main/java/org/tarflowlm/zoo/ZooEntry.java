package org.tarflowlm.zoo;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.checkpoint.CheckpointException;
import org.tarflowlm.checkpoint.CheckpointInfo;
import org.tarflowlm.checkpoint.Measurement;
import org.tarflowlm.config.TextFormat;
import org.tarflowlm.config.Variant;
import org.tarflowlm.data.file.IoErrors;
import org.tarflowlm.data.file.Sha256;
import org.tarflowlm.json.ConfigException;
import org.tarflowlm.json.RecordJson;

/**
 * A checkpoint of the zoo, as the index lists it.
 *
 * @param id its name, also of its folder: lower-case letters, digits, dots and hyphens
 * @param version of the weights under that id
 * @param format the data set that it is made for
 * @param variant its variant of the paper's model
 * @param description one line
 * @param license SPDX name of the weights' licence
 * @param corpus what it was trained on
 * @param parameters number of parameters
 * @param measured its headline figure; left out if not measured
 * @param files the checkpoint's files by name, each with length and hash
 */
public record ZooEntry(
    @JsonProperty(required = true) String id,
    @JsonProperty(required = true) String version,
    @JsonProperty(required = true) TextFormat format,
    @JsonProperty(required = true) Variant variant,
    @JsonProperty(required = true) String description,
    @JsonProperty(required = true) String license,
    @JsonProperty(required = true) String corpus,
    @JsonProperty(required = true) long parameters,
    Measurement measured,
    @JsonProperty(required = true) Map<String, FileDigest> files) {

  public ZooEntry {
    ConfigException.require(id.matches("[a-z0-9][a-z0-9.-]*"), "id", "is \"" + id
        + "\"; expected lower-case letters, digits, dots and hyphens");
    ConfigException.requireAtLeast("parameters", parameters, 1);
    for (String required : Checkpoint.REQUIRED_FILES) {
      ConfigException.require(files.containsKey(required), "files." + required, "is missing; expected its length and SHA-256");
    }
    files = Collections.unmodifiableMap(new LinkedHashMap<>(files));
  }

  /** Total size of all files, in bytes. */
  public long bytes() {
    return files.values().stream().mapToLong(FileDigest::bytes).sum();
  }

  /** SHA-256 of the weights. */
  public String sha256() {
    return files.get(Checkpoint.WEIGHTS).sha256();
  }

  /** The entry as indented JSON. */
  public String toJson() {
    return RecordJson.write(this);
  }

  /**
   * Builds the entry for a checkpoint's folder from the sizes and hashes of its files and from its {@code checkpoint.json}, which must
   * give id, version, description, licence and corpus.
   *
   * @throws CheckpointException if the folder is not a checkpoint, or one of these is missing
   */
  public static ZooEntry describe(Path folder) {
    Checkpoint checkpoint = Checkpoint.load(folder);
    CheckpointInfo info = checkpoint.info();
    Map<String, FileDigest> files = new LinkedHashMap<>();
    try {
      for (String name : List.of(Checkpoint.INFO, Checkpoint.CONFIG, Checkpoint.WEIGHTS, Checkpoint.CARD, Checkpoint.CURVES,
          Checkpoint.NGRAMS)) {
        if (Files.exists(folder.resolve(name))) {
          files.put(name, FileDigest.of(folder.resolve(name)));
        }
      }
    } catch (IOException e) {
      throw new CheckpointException("cannot read " + folder + ": " + IoErrors.reason(e), e);
    }
    return new ZooEntry(require(folder, "id", info.id()), require(folder, "version", info.version()),
        TextFormat.ofTokenizer(info.tokenizer()), Variant.of(checkpoint.config()),
        require(folder, "description", info.description()), require(folder, "license", info.license()),
        require(folder, "corpus", info.corpus()), checkpoint.parameterCount(),
        info.measurements().isEmpty() ? null : info.measurements().get(0), files);
  }

  private static String require(Path folder, String key, String value) {
    if (value == null) {
      throw new CheckpointException(folder + "/" + Checkpoint.INFO + ": " + key + " is missing; a checkpoint of the zoo needs it");
    }
    return value;
  }

  /**
   * Expected length and hash of a file.
   *
   * @param bytes its length
   * @param sha256 its SHA-256, 64 lower-case hexadecimal digits
   */
  public record FileDigest(@JsonProperty(required = true) long bytes, @JsonProperty(required = true) String sha256) {
    public FileDigest {
      ConfigException.requireAtLeast("bytes", bytes, 0);
      ConfigException.require(sha256 != null && sha256.matches("[0-9a-f]{64}"), "sha256", "is \"" + sha256
          + "\"; expected 64 lower-case hexadecimal digits");
    }

    /** Measures a file. */
    public static FileDigest of(Path file) throws IOException {
      return new FileDigest(Files.size(file), Sha256.of(file));
    }
  }
}
