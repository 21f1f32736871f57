package org.tarflowlm.data;

/**
 * Data that cannot be used: a foreign character, a damaged archive, a wrong hash, a text that is too short. The message is one
 * line that names the thing, what was found and what was expected.
 */
public class DataException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private static final int LONGEST_MESSAGE = 2000;
  private static final int KEPT_END = 500;

  public DataException(String message) {
    super(shortened(message));
  }

  public DataException(String message, Throwable cause) {
    super(shortened(message), cause);
  }

  /** A message that repeats no more of a user's input than can be read: the middle of a longer one is left out. */
  public static String shortened(String message) {
    if (message == null || message.length() <= LONGEST_MESSAGE) {
      return message;
    }
    int start = LONGEST_MESSAGE - KEPT_END;
    int end = message.length() - KEPT_END;
    return message.substring(0, start) + "[... " + (end - start) + " more characters ...]" + message.substring(end);
  }
}
