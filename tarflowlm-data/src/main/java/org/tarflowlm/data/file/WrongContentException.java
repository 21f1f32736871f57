package org.tarflowlm.data.file;

/** The bytes are not those of the expected file: asking again for the rest would not help. */
final class WrongContentException extends Exception {
  private static final long serialVersionUID = 1L;

  private final boolean afterContinuing;

  WrongContentException(String message, boolean afterContinuing) {
    super(message);
    this.afterContinuing = afterContinuing;
  }

  /** Whether the bytes came in more than one piece, so that the pieces may be of different files. */
  boolean afterContinuing() {
    return afterContinuing;
  }
}
