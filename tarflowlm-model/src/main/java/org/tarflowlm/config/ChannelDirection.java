package org.tarflowlm.config;

/**
 * The direction in which a flow reads the channels of a position. A right-to-left flow with {@link #DESCENDING} channels is the true
 * reverse of a left-to-right one over all scalars; flows that alternate can bend one another's Gaussians within a token.
 */
public enum ChannelDirection {
  ASCENDING,
  DESCENDING;

  public ChannelDirection opposite() {
    return this == ASCENDING ? DESCENDING : ASCENDING;
  }
}
