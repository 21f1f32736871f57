package org.tarflowlm.checkpoint;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import org.tarflowlm.data.file.Sha256;

/** A source of which only the files that are listed exist, and only if length and hash are as listed. */
public final class VerifiedSource implements CheckpointSource {
  private final CheckpointSource source;
  private final Map<String, FileDigest> files;

  public VerifiedSource(CheckpointSource source, Map<String, FileDigest> files) {
    this.source = source;
    this.files = files;
  }

  @Override
  public InputStream open(String file) throws IOException {
    FileDigest expected = files.get(file);
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

  @Override
  public boolean has(String file) {
    return files.containsKey(file) && source.has(file);
  }

  @Override
  public String toString() {
    return source.toString();
  }
}
