package org.tarflowlm.serve;

import io.netty.handler.codec.TooLongFrameException;

/** A body beyond the limit. What is left of it is read and dropped, so the connection can go on. */
final class TooLargeException extends TooLongFrameException {
  private static final long serialVersionUID = 1L;

  TooLargeException(int limit) {
    super("the body is larger than " + limit + " bytes, this server's limit");
  }
}
