package org.tarflowlm.data.tokens;

import org.tarflowlm.data.DataException;

/** A token cache that was made from something else, or otherwise. */
final class StaleCacheException extends DataException {
  private static final long serialVersionUID = 1L;

  StaleCacheException(String message) {
    super(message);
  }
}
