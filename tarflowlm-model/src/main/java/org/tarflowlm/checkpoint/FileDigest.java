package org.tarflowlm.checkpoint;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.tarflowlm.config.ConfigException;
import org.tarflowlm.data.file.Sha256;

/**
 * Expected length and hash of a file.
 *
 * @param bytes its length
 * @param sha256 its SHA-256, 64 lower-case hexadecimal digits
 */
public record FileDigest(@JsonProperty(required = true) long bytes, @JsonProperty(required = true) String sha256) {
  public FileDigest {
    ConfigException.requireAtLeast("bytes", bytes, 0);
    if (sha256 == null || !sha256.matches("[0-9a-f]{64}")) {
      throw new ConfigException("sha256", "is \"" + sha256 + "\"; expected 64 lower-case hexadecimal digits");
    }
  }

  /** The facts of a file as it is. */
  public static FileDigest of(Path file) throws IOException {
    return new FileDigest(Files.size(file), Sha256.of(file));
  }
}
