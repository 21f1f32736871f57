package org.tarflowlm.data;

/**
 * Data that cannot be used: a foreign character, a damaged archive, a wrong hash, a text that is too short. The message is one
 * line that names the thing, what was found and what was expected.
 */
public class DataException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public DataException(String message) {
    super(message);
  }

  public DataException(String message, Throwable cause) {
    super(message, cause);
  }
}
