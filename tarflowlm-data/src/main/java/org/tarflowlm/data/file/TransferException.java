package org.tarflowlm.data.file;

/** A transfer that broke off and may succeed when tried again. */
final class TransferException extends Exception {
  private static final long serialVersionUID = 1L;

  TransferException(String message) {
    super(message);
  }

  TransferException(String message, Throwable cause) {
    super(message, cause);
  }
}
