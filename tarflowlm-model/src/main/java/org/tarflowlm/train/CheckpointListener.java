package org.tarflowlm.train;

import java.io.IOException;

/** Is called after each checkpoint, for example to copy it elsewhere: {@link Trainer#onCheckpoint}. */
@FunctionalInterface
public interface CheckpointListener {
  /** Called when the run's folder is complete after {@code step} updates; nothing is written to it until this returns. */
  void saved(int step) throws IOException;
}
