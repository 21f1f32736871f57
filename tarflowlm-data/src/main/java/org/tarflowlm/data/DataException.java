package org.tarflowlm.data;

/**
 * Thrown for data that cannot be used: a foreign character, a damaged archive, a wrong hash, a text that is too short. The message is one
 * line. It names the thing, what was found and what was expected.
 */
public class DataException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private static final int LONGEST_MESSAGE = 2000;
  private static final int KEPT_END = 500;

  /** @param message shortened if it is long, see {@link #shortened} */
  public DataException(String message) {
    super(shortened(message));
  }

  public DataException(String message, Throwable cause) {
    super(shortened(message), cause);
  }

  /**
   * Shortens a message that repeats too much of a user's input: keeps the first 1500 and the last 500 characters. Returns null for null.
   */
  public static String shortened(String message) {
    if (message == null || message.length() <= LONGEST_MESSAGE) {
      return message;
    }
    int start = LONGEST_MESSAGE - KEPT_END;
    int end = message.length() - KEPT_END;
    return message.substring(0, start) + "[... " + (end - start) + " more characters ...]" + message.substring(end);
  }
}
