package org.tarflowlm.train;

/** Whether a run may resume with another configuration, text or program. */
public enum Changes {
  /** It must be the same run. */
  REFUSE,
  /** The change is logged, and the run continues from its last checkpoint; its numbers are not those of one run any more. */
  ALLOW
}
