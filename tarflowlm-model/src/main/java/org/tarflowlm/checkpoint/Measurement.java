package org.tarflowlm.checkpoint;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.tarflowlm.json.ConfigException;

/**
 * A measured likelihood.
 *
 * @param data what it was measured on, such as {@code pd8.test}
 * @param bound {@code ELBO} (an upper bound on the bits), {@code IW-64} (importance-weighted, 64 samples) or {@code EXACT}
 * @param bitsPerCharacter bits per character of the text, or per byte for models of bytes
 * @param standardError of {@code bitsPerCharacter}, over windows; left out where unknown
 * @param characters number of characters (bytes) over which the figure was averaged
 */
public record Measurement(
    @JsonProperty(required = true) String data,
    @JsonProperty(required = true) String bound,
    @JsonProperty(required = true) double bitsPerCharacter,
    Double standardError,
    @JsonProperty(required = true) long characters) {

  public Measurement {
    ConfigException.requirePositive("bitsPerCharacter", bitsPerCharacter);
    ConfigException.requireAtLeast("characters", characters, 1);
    if (standardError != null && !(standardError >= 0 && Double.isFinite(standardError))) {
      throw new ConfigException("standardError", "is " + standardError + "; expected a number of at least 0");
    }
  }
}
