package org.tarflowlm.json;

import org.tarflowlm.data.DataException;

/**
 * A configuration that is not valid; the message names the key, what was found and what was expected, in one line.
 *
 * <p>Records throw it with their own component as key ({@code layers}); whoever reads the record out of a larger document adds
 * the way to it ({@code flows[1].layers}) by {@link #within}.
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
   * @param key JSON path of the key, relative to the object that is being checked; empty if the problem belongs to no key
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

  /** This problem, its key seen from the document that holds the object at {@code path}. */
  public ConfigException within(String path) {
    if (path.isEmpty()) {
      return this;
    }
    ConfigException wider = new ConfigException(path + (key.isEmpty() ? ":" : key.startsWith("[") ? key : "." + key), problem);
    wider.initCause(this);
    return wider;
  }

  /** @throws ConfigException unless something holds */
  public static void require(boolean holds, String key, String problem) {
    if (!holds) {
      throw new ConfigException(key, problem);
    }
  }

  public static void requireAtLeast(String key, long value, long least) {
    require(value >= least, key, "is " + value + "; expected at least " + least);
  }

  /** Numbers that come from files have a limit before anything is made from them. */
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
