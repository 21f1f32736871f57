package org.tarflowlm.checkpoint;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tarflowlm.checkpoint.safetensors.DType;
import org.tarflowlm.checkpoint.safetensors.FloatTensor;
import org.tarflowlm.checkpoint.safetensors.SafetensorsException;
import org.tarflowlm.checkpoint.safetensors.SafetensorsWriter;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.documents.Excerpt;
import org.tarflowlm.data.file.AtomicFile;
import org.tarflowlm.data.file.IoErrors;
import org.tarflowlm.data.file.Sha256;
import org.tarflowlm.data.tokenize.Text8Alphabet;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.generate.parallel.NGramFile;
import org.tarflowlm.generate.parallel.NGramTable;
import org.tarflowlm.json.RecordJson;

/**
 * A stored model: configuration, weights and metadata. It is a folder, on disk or inside a jar or zip archive, with these files:
 * <pre>
 * checkpoint.json     format version, tokenizer, generation defaults, measured likelihood, origin  ({@link CheckpointInfo})
 * config.json         what the model is                                                           ({@link TarFlowConfig})
 * model.safetensors   its parameters under the names and shapes of {@link ParameterShapes}
 * README.md           the model card, for people
 * ngrams.bin          optional: n-grams distilled from the model, for parallel decoding
 * </pre>
 * Other files in the folder are ignored. Immutable, except for the arrays inside the tensors, which callers must not change.
 */
public final class Checkpoint {
  public static final String INFO = "checkpoint.json";
  public static final String CONFIG = "config.json";
  public static final String WEIGHTS = "model.safetensors";
  public static final String CARD = "README.md";
  /** N-grams distilled from a Mix-d model, from which parallel decoding drafts tokens; only some checkpoints have them. */
  public static final String NGRAMS = "ngrams.bin";
  /** A plot of the training curves for the card; only packaged checkpoints have one. */
  public static final String CURVES = "curves.png";
  public static final List<String> REQUIRED_FILES = List.of(INFO, CONFIG, WEIGHTS);

  private final TarFlowConfig config;
  private final CheckpointInfo info;
  private final Map<String, FloatTensor> tensors;
  private final String card;
  /** Compressed as in the file; null if there are none. */
  private final byte[] ngrams;

  /**
   * @param tensors all parameters of the configuration, in any order
   * @param card model card in Markdown; null or empty to have one written from {@code info}
   * @throws CheckpointException if tensors, tokenizer and configuration do not match, or a weight is NaN or infinite
   */
  public Checkpoint(TarFlowConfig config, CheckpointInfo info, Map<String, FloatTensor> tensors, String card) {
    this(config, info, tensors, card, null);
  }

  /** @param ngrams contents of an n-gram file, already checked; or null */
  Checkpoint(TarFlowConfig config, CheckpointInfo info, Map<String, FloatTensor> tensors, String card, byte[] ngrams) {
    Weights.requireMatch(config, tensors.keySet(), name -> tensors.get(name).shape());
    Map<String, FloatTensor> ordered = new LinkedHashMap<>();
    for (String name : ParameterShapes.of(config).keySet()) {
      FloatTensor tensor = tensors.get(name);
      Weights.requireFinite(name, tensor.shape(), tensor.values());
      ordered.put(name, tensor);
    }
    requireTokenizer(config, info);
    this.config = config;
    this.info = info;
    this.tensors = Collections.unmodifiableMap(ordered);
    this.card = card == null ? "" : card;
    this.ngrams = ngrams;
  }

  /** @throws CheckpointException if the tokenizer is unknown, or its vocabulary size differs from the configuration's */
  static void requireTokenizer(TarFlowConfig config, CheckpointInfo info) {
    int size;
    try {
      size = Tokenizers.byName(info.tokenizer()).vocabSize();
    } catch (DataException e) {
      throw new CheckpointException(e.getMessage(), e);
    }
    if (size != config.vocabSize()) {
      throw new CheckpointException("tokenizer " + info.tokenizer() + " has " + size + " tokens; expected " + config.vocabSize()
          + ", the configuration's vocabSize");
    }
  }

  /**
   * Loads a checkpoint from a folder, or from a .zip or .jar that holds one.
   *
   * @throws CheckpointException if there is none, or it is damaged, contradicts itself or has a newer format
   */
  public static Checkpoint load(Path path) {
    if (!Files.exists(path)) {
      throw new CheckpointException(path + " does not exist; expected a checkpoint folder");
    }
    return new CheckpointLoader(Files.isDirectory(path) ? CheckpointSource.folder(path) : ArchiveSource.of(path, "")).load();
  }

  public TarFlowConfig config() {
    return config;
  }

  public CheckpointInfo info() {
    return info;
  }

  /** Parameters by name, in the order of {@link ParameterShapes}; callers must not change them. */
  public Map<String, FloatTensor> tensors() {
    return tensors;
  }

  /** A parameter's values in row-major order, which callers must not change; null if there is no parameter of that name. */
  public float[] values(String name) {
    FloatTensor tensor = tensors.get(name);
    return tensor == null ? null : tensor.values();
  }

  /** The model card, in Markdown. */
  public String card() {
    return card.isBlank() ? ModelCard.of(this) : card;
  }

  /** Number of parameters. */
  public long parameterCount() {
    return ParameterShapes.parameterCount(config);
  }

  /** A copy with the same weights and another description. */
  public Checkpoint withInfo(CheckpointInfo newInfo, String newCard) {
    return new Checkpoint(config, newInfo, tensors, newCard, ngrams);
  }

  /**
   * A copy with n-grams for parallel decoding.
   *
   * @param file bytes that {@link NGramFile#write} wrote
   * @throws CheckpointException if they are not an n-gram file, are damaged, or were made for another vocabulary
   */
  public Checkpoint withNGrams(byte[] file) {
    requireNGrams(file, config);
    return new Checkpoint(config, info, tensors, card, file.clone());
  }

  static void requireNGrams(byte[] file, TarFlowConfig config) {
    try {
      NGramFile.require(new ByteArrayInputStream(file), config.vocabSize());
    } catch (IOException e) {
      throw new CheckpointException(e.getMessage(), e);
    }
  }

  /**
   * N-grams from which parallel decoding drafts tokens: the checkpoint's own; without any, a table that learns from the text as it is
   * written and starts from the bundled excerpt (empty for tokenizers other than text8's). Each call returns a new table.
   */
  public NGramTable ngrams() {
    if (ngrams == null) {
      Tokenizer tokenizer = Tokenizers.byName(info.tokenizer());
      return NGramTable.of(tokenizer instanceof Text8Alphabet ? tokenizer.encode(Excerpt.text()) : new int[0], config.vocabSize());
    }
    try {
      return NGramFile.read(new ByteArrayInputStream(ngrams));
    } catch (IOException e) {
      throw new IllegalStateException(NGRAMS + " " + e.getMessage() + ", although it was checked", e);
    }
  }

  /**
   * This model with its weights rounded as if saved in that type and loaded again, so that it can be measured as it is stored.
   *
   * @throws CheckpointException if a weight is too large for the type
   */
  public Checkpoint rounded(DType dtype) {
    Map<String, FloatTensor> result = new LinkedHashMap<>();
    tensors.forEach((name, tensor) -> result.put(name, tensor.rounded(dtype)));
    return new Checkpoint(config, info, result, card, ngrams);
  }

  /** Saves in F32, bit-exact, to a folder that does not exist yet. */
  public void save(Path folder) {
    save(folder, DType.F32, false);
  }

  /**
   * Saves to a folder, all files or none: writes them to a folder beside it, forces them to disk, and renames it. If two processes
   * overwrite one checkpoint, the last one wins; if two save to the same new folder, the first one wins.
   *
   * @param dtype F32 (bit-exact), F16 or BF16 (half the size, weights rounded)
   * @param overwrite whether to replace a checkpoint that is already there, along with everything else in its folder
   * @throws CheckpointException if the folder exists (and overwrite is false, or it holds something other than a checkpoint), cannot be
   *     written, or a weight is too large for the type
   */
  public void save(Path folder, DType dtype, boolean overwrite) {
    if (overwrite && Files.exists(folder) && !Files.isRegularFile(folder.resolve(INFO)) && Files.exists(folder)) {
      throw new CheckpointException(folder + " exists and is not a checkpoint (it has no " + INFO + "); nothing was overwritten");
    }
    try {
      if (overwrite) {
        AtomicFile.writeFolder(folder, temporary -> writeTo(temporary, dtype));
      } else if (Files.exists(folder)) {
        throw new FileAlreadyExistsException(folder.toString());
      } else {
        AtomicFile.writeNewFolder(folder, temporary -> writeTo(temporary, dtype));
      }
    } catch (SafetensorsException e) {
      throw new CheckpointException("cannot save " + folder + ": " + e.getMessage(), e);
    } catch (IOException e) {
      boolean exists = e instanceof FileAlreadyExistsException && Files.exists(folder); // otherwise the parent folder's path is a file
      throw new CheckpointException(exists ? folder + " exists; expected a new folder (nothing was overwritten)"
          : "cannot write " + folder + ": " + IoErrors.reason(e), e);
    }
  }

  private void writeTo(Path folder, DType dtype) throws IOException {
    Path weights = folder.resolve(WEIGHTS);
    SafetensorsWriter.write(weights, tensors, dtype, Map.of("format", "tarflowlm"));
    Files.writeString(folder.resolve(CONFIG), config.toJson());
    Files.writeString(folder.resolve(INFO), RecordJson.write(info.withWeights(Sha256.of(weights))));
    Files.writeString(folder.resolve(CARD), card());
    if (ngrams != null) {
      Files.write(folder.resolve(NGRAMS), ngrams);
    }
  }
}
