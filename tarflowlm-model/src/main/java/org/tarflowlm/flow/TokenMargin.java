package org.tarflowlm.flow;

import org.tarflowlm.coupling.MixtureRosenblatt;

/** Measures how close a Mix-d flow's inverse came to another token; parallel decoding implements and uses it. */
public interface TokenMargin extends MixtureRosenblatt.InverseListener {
  /**
   * Margin of the last inverse: how far the components' cumulative weights must move, in probability, before the same u gives another
   * component; 0 if several components are left at the end.
   */
  double margin();
}
