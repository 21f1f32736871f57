package org.tarflowlm.flow;

import org.tarflowlm.coupling.MixtureRosenblatt;

/** How far a token that a Mix-d flow's inverse has found is from another one; for parallel decoding, which provides it. */
public interface TokenMargin extends MixtureRosenblatt.InverseListener {
  /**
   * Margin of the last inverse: how far the components' cumulative weights must move before the same u leads to another component; 0 if
   * several components are left at the end.
   */
  double margin();
}
