package org.tarflowlm.train;

/** Whether a run may resume although its configuration, texts or program changed. */
public enum Changes {
  /** Nothing may have changed. */
  REFUSE,
  /** The change is logged, and the run continues from its last checkpoint; its figures then cannot be reproduced by one run. */
  ALLOW
}
