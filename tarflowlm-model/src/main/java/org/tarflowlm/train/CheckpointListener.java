package org.tarflowlm.train;

import java.io.IOException;

/** Hears of checkpoints, to keep them elsewhere too: {@link Trainer#onCheckpoint}. */
@FunctionalInterface
public interface CheckpointListener {
  /** The run's folder is whole after so many updates; nothing is written to it until this returns. */
  void saved(int step) throws IOException;
}
