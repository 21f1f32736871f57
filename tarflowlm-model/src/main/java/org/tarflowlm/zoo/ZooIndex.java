package org.tarflowlm.zoo;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.tarflowlm.checkpoint.CheckpointException;
import org.tarflowlm.checkpoint.CheckpointLoader;
import org.tarflowlm.checkpoint.CheckpointSource;
import org.tarflowlm.data.file.IoErrors;
import org.tarflowlm.data.file.Sha256;
import org.tarflowlm.json.ConfigException;
import org.tarflowlm.json.RecordJson;

/** The entries of every {@value #RESOURCE} on the class path, from the zoo's own weights and from any other jar. */
final class ZooIndex {
  static final String FOLDER = "org/tarflowlm/zoo";
  static final String RESOURCE = FOLDER + "/index.json";
  private static final Logger LOG = LogManager.getLogger(ZooIndex.class);

  private final ClassLoader loader;
  private final Map<String, ZooEntry> entries = new LinkedHashMap<>();

  /**
   * An index file.
   *
   * @param checkpoints in the order in which to list them
   */
  record Document(@JsonProperty(required = true) List<ZooEntry> checkpoints) {}

  /** @throws CheckpointException if an index cannot be read */
  ZooIndex(ClassLoader loader) {
    this.loader = loader;
    try {
      for (URL url : Collections.list(loader.getResources(RESOURCE))) {
        read(url);
      }
    } catch (IOException e) {
      throw new CheckpointException("cannot read the zoo's index " + RESOURCE + ": " + IoErrors.reason(e), e);
    }
  }

  private void read(URL url) throws IOException {
    try (InputStream in = url.openStream()) {
      String json = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      for (ZooEntry each : RecordJson.read(json, Document.class).checkpoints()) {
        ZooEntry before = entries.putIfAbsent(each.id(), each);
        if (before != null && !before.equals(each)) {
          LOG.warn("checkpoint {} of {} is ignored: another one earlier on the class path has the same id", each.id(), url);
        }
      }
    } catch (ConfigException e) {
      throw new CheckpointException("zoo index " + url + ": " + e.getMessage(), e);
    }
  }

  List<ZooEntry> entries() {
    return List.copyOf(entries.values());
  }

  boolean has(String id) {
    return entries.containsKey(id);
  }

  /** @throws CheckpointException if no checkpoint has that id; the message lists the known ids */
  ZooEntry entry(String id) {
    if (!has(id)) {
      throw new CheckpointException("no checkpoint '" + id + "' in the zoo" + known(id));
    }
    return entries.get(id);
  }

  /** The known ids, with a suggestion, as the end of a message. */
  String known(String id) {
    return entries.isEmpty()
        ? "; the zoo is empty: put the artifact zoo-weights on the class path"
        : RecordJson.didYouMean(id, entries.keySet()) + "; expected one of " + String.join(", ", entries.keySet());
  }

  /** A checkpoint's loader, which throws a CheckpointException if a file is missing or differs from the entry. */
  CheckpointLoader loader(String id) {
    return new CheckpointLoader(new VerifiedSource(CheckpointSource.resource(loader, FOLDER + "/" + id), entry(id).files()));
  }

  /** A source that has only the listed files, and checks their lengths and hashes. */
  private record VerifiedSource(CheckpointSource source, Map<String, ZooEntry.FileDigest> files) implements CheckpointSource {
    @Override
    public InputStream open(String file) throws IOException {
      ZooEntry.FileDigest expected = files.get(file);
      byte[] bytes;
      try (InputStream in = source.open(file)) {
        bytes = in.readNBytes((int) Math.min(Integer.MAX_VALUE, expected.bytes() + 1));
      }
      if (bytes.length != expected.bytes()) {
        throw new CheckpointException(this + "/" + file + " has " + (bytes.length > expected.bytes() ? "more than " + expected.bytes()
            : String.valueOf(bytes.length)) + " bytes; expected " + expected.bytes() + " by the zoo's index");
      }
      String found = Sha256.of(bytes);
      if (!found.equals(expected.sha256())) {
        throw new CheckpointException(this + "/" + file + " has SHA-256 " + found + "; expected " + expected.sha256()
            + " by the zoo's index");
      }
      return new ByteArrayInputStream(bytes);
    }

    /** The listed hash: {@link #open} refuses any other, so that weights are hashed only when they are read. */
    @Override
    public String sha256(String file) {
      return files.get(file).sha256();
    }

    @Override
    public boolean isVerified() {
      return true;
    }

    @Override
    public boolean has(String file) {
      return files.containsKey(file) && source.has(file);
    }

    @Override
    public String toString() {
      return source.toString();
    }
  }
}
