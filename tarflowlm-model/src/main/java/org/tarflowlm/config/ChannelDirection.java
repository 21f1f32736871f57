package org.tarflowlm.config;

/**
 * The order in which a flow reads the channels of a position. A right-to-left flow with {@link #DESCENDING} channels reads all scalars in
 * exactly the reverse order of a left-to-right flow; flows that alternate can bend one another's Gaussians within a token.
 */
public enum ChannelDirection {
  ASCENDING,
  DESCENDING;

  public ChannelDirection opposite() {
    return this == ASCENDING ? DESCENDING : ASCENDING;
  }
}
