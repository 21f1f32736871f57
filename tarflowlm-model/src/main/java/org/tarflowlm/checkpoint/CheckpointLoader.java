package org.tarflowlm.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.tarflowlm.checkpoint.safetensors.FloatTensor;
import org.tarflowlm.checkpoint.safetensors.SafetensorsException;
import org.tarflowlm.checkpoint.safetensors.SafetensorsReader;
import org.tarflowlm.checkpoint.safetensors.TensorInfo;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.file.IoErrors;
import org.tarflowlm.json.ConfigException;
import org.tarflowlm.json.RecordJson;

/** Reads and checks a checkpoint's files, each needed to check the next: metadata, configuration, tensor header, weights. */
public final class CheckpointLoader {
  private static final int MAX_TEXT_BYTES = 1 << 20;
  private static final int MAX_NGRAM_BYTES = 1 << 24;
  /** Limit for a safetensors header, including the 8 bytes of its length. */
  private static final long MAX_HEADER_BYTES = 100_000_008;

  private final CheckpointSource source;

  public CheckpointLoader(CheckpointSource source) {
    this.source = source;
  }

  /** @throws CheckpointException if anything is wrong */
  public Checkpoint load() {
    try {
      return loadFiles();
    } catch (CheckpointException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new CheckpointException(source + ": " + (e.getMessage() == null ? e : e.getMessage()), e);
    }
  }

  private Checkpoint loadFiles() {
    List<String> missing = Checkpoint.REQUIRED_FILES.stream().filter(file -> !source.has(file)).toList();
    if (!missing.isEmpty()) {
      throw new CheckpointException(source + " is not a checkpoint: " + String.join(" and ", missing)
          + (missing.size() == 1 ? " is" : " are") + " missing; expected " + String.join(", ", Checkpoint.REQUIRED_FILES));
    }
    CheckpointInfo info = readJson(Checkpoint.INFO, CheckpointInfo.class);
    TarFlowConfig config = config();
    try {
      Checkpoint.requireTokenizer(config, info);
    } catch (CheckpointException e) {
      throw new CheckpointException(file(Checkpoint.INFO) + ": " + e.getMessage(), e);
    }
    String card = source.has(Checkpoint.CARD) ? readText(Checkpoint.CARD) : "";
    checkHash(info.weightsSha256());
    byte[] ngrams = source.has(Checkpoint.NGRAMS) ? readNGrams(config) : null;
    try {
      return new Checkpoint(config, info, readWeights(config), card, ngrams);
    } catch (CheckpointException e) {
      throw new CheckpointException(file(Checkpoint.WEIGHTS) + ": " + e.getMessage(), e);
    }
  }

  /** The configuration alone. */
  public TarFlowConfig config() {
    return readJson(Checkpoint.CONFIG, TarFlowConfig.class);
  }

  private String file(String name) {
    return source + "/" + name;
  }

  private String readText(String name) {
    try (InputStream in = source.open(name)) {
      byte[] bytes = in.readNBytes(MAX_TEXT_BYTES + 1);
      if (bytes.length > MAX_TEXT_BYTES) {
        throw new CheckpointException(file(name) + " has more than " + MAX_TEXT_BYTES + " bytes; expected a short text");
      }
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new CheckpointException(file(name) + " is not UTF-8 text", e);
    } catch (IOException e) {
      throw unreadable(name, e);
    }
  }

  private byte[] readNGrams(TarFlowConfig config) {
    try (InputStream in = source.open(Checkpoint.NGRAMS)) {
      byte[] bytes = in.readNBytes(MAX_NGRAM_BYTES + 1);
      if (bytes.length > MAX_NGRAM_BYTES) {
        throw new CheckpointException("has more than " + MAX_NGRAM_BYTES + " bytes");
      }
      if (!source.isVerified()) {
        Checkpoint.requireNGrams(bytes, config);
      }
      return bytes;
    } catch (CheckpointException e) {
      throw new CheckpointException(file(Checkpoint.NGRAMS) + " " + e.getMessage(), e);
    } catch (IOException e) {
      throw unreadable(Checkpoint.NGRAMS, e);
    }
  }

  private <R extends Record> R readJson(String name, Class<R> type) {
    String json = readText(name);
    try {
      if (type == CheckpointInfo.class) {
        requireReadableVersion(RecordJson.parse(json).path("formatVersion"));
      }
      return RecordJson.read(json, type);
    } catch (ConfigException e) {
      throw new CheckpointException(file(name) + ": " + e.getMessage(), e);
    }
  }

  /** Runs before all other checks, because a newer layout may have keys that this version does not know. */
  private static void requireReadableVersion(JsonNode version) {
    if (version.isNumber() && version.asDouble() > CheckpointInfo.FORMAT_VERSION) {
      throw new ConfigException("formatVersion", "is " + version.asText() + "; this program reads versions up to "
          + CheckpointInfo.FORMAT_VERSION + ", so it needs an update");
    }
  }

  private void checkHash(String expected) {
    if (expected == null) {
      return;
    }
    try {
      String found = source.sha256(Checkpoint.WEIGHTS);
      if (!found.equals(expected)) {
        throw new CheckpointException(file(Checkpoint.WEIGHTS) + " has SHA-256 " + found + "; expected " + expected
            + " by weightsSha256 in " + Checkpoint.INFO);
      }
    } catch (IOException e) {
      throw unreadable(Checkpoint.WEIGHTS, e);
    }
  }

  private Map<String, FloatTensor> readWeights(TarFlowConfig config) {
    long most = Math.addExact(MAX_HEADER_BYTES, Math.multiplyExact(Double.BYTES, ParameterShapes.parameterCount(config)));
    try (SafetensorsReader reader = source.openTensors(Checkpoint.WEIGHTS, most)) {
      Map<String, TensorInfo> found = reader.tensors();
      Weights.requireMatch(config, found.keySet(), name -> found.get(name).shapeArray());
      String whole = found.values().stream().filter(each -> !each.dtype().isFloating())
          .map(each -> "tensor '" + each.name() + "' is " + each.dtype()).collect(Collectors.joining(", "));
      if (!whole.isEmpty()) {
        throw new CheckpointException(whole + "; expected F32, F16, BF16 or F64");
      }
      Map<String, FloatTensor> tensors = new LinkedHashMap<>();
      for (String name : ParameterShapes.of(config).keySet()) {
        tensors.put(name, reader.floats(name));
      }
      return tensors;
    } catch (SafetensorsException e) {
      throw new CheckpointException(e.getMessage(), e);
    } catch (IOException e) {
      throw unreadable(Checkpoint.WEIGHTS, e);
    }
  }

  private CheckpointException unreadable(String name, IOException e) {
    return new CheckpointException("cannot read " + file(name) + ": " + IoErrors.reason(e), e);
  }
}
