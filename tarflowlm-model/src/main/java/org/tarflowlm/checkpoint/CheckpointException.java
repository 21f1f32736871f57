package org.tarflowlm.checkpoint;

import org.tarflowlm.data.DataException;

/** A checkpoint cannot be loaded or saved; the message says in one line which checkpoint, what was found and what was expected. */
public class CheckpointException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public CheckpointException(String message) {
    super(DataException.shortened(message));
  }

  public CheckpointException(String message, Throwable cause) {
    super(DataException.shortened(message), cause);
  }
}
