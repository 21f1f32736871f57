package org.tarflowlm.config;

/** A configuration that is not valid; the message names the key, what was found and what was expected, in one line. */
public class ConfigException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  public ConfigException(String message) {
    super(message);
  }

  public ConfigException(String message, Throwable cause) {
    super(message, cause);
  }

  static void requireAtLeast(String key, long value, long least) {
    if (value < least) {
      throw new ConfigException(key + " is " + value + "; expected at least " + least);
    }
  }

  static void requirePositive(String key, double value) {
    if (!(value > 0) || Double.isInfinite(value)) {
      throw new ConfigException(key + " is " + value + "; expected a positive number");
    }
  }
}
