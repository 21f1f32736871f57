package org.tarflowlm.json;

import org.tarflowlm.data.DataException;

/**
 * The configuration is not valid; the message says in one line which key is wrong, what was found and what was expected.
 *
 * <p>Records throw it with their own component as key ({@code layers}). Code that reads the record from a larger document adds the path
 * to it ({@code flows[1].layers}) by {@link #within}.
 */
public class ConfigException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final String key;
  private final String problem;

  public ConfigException(String message) {
    this("", message);
  }

  public ConfigException(String message, Throwable cause) {
    this("", message);
    initCause(cause);
  }

  /**
   * @param key JSON path of the key, relative to the object that is being checked; empty if no single key is wrong
   * @param problem what was found and what was expected, as the rest of a sentence that begins with the key
   */
  public ConfigException(String key, String problem) {
    super(DataException.shortened(key.isEmpty() ? problem : key + " " + problem));
    this.key = key;
    this.problem = problem;
  }

  /** JSON path of the offending key, or an empty string. */
  public String key() {
    return key;
  }

  /** The same problem, with the key's path from the root of the document that holds the object at {@code path}. */
  public ConfigException within(String path) {
    if (path.isEmpty()) {
      return this;
    }
    ConfigException wider = new ConfigException(path + (key.isEmpty() ? ":" : key.startsWith("[") ? key : "." + key), problem);
    wider.initCause(this);
    return wider;
  }

  /** @throws ConfigException if {@code holds} is false */
  public static void require(boolean holds, String key, String problem) {
    if (!holds) {
      throw new ConfigException(key, problem);
    }
  }

  public static void requireAtLeast(String key, long value, long least) {
    require(value >= least, key, "is " + value + "; expected at least " + least);
  }

  /** Checks a number from a file before anything of that size is allocated. */
  public static void requireWithin(String key, long value, long least, long most) {
    requireAtLeast(key, value, least);
    require(value <= most, key, "is " + value + "; expected at most " + most);
  }

  public static void requirePositive(String key, double value) {
    if (!(value > 0) || (float) value == 0f || Float.isInfinite((float) value)) {
      throw new ConfigException(key, "is " + value + "; expected a positive number that single precision holds");
    }
  }
}
