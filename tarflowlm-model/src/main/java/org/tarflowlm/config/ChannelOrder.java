package org.tarflowlm.config;

/**
 * The order in which a flow reads the channels of a position. Between two flows ChannelMix moves the even-numbered channels to the front
 * (paper section 5), so flow l reads the channels of z after l mixes. Latents h^(l) are always in the order of z: a flow puts its channels
 * in its own order when it reads, and back when it writes.
 */
public final class ChannelOrder {
  private ChannelOrder() {}

  /**
   * The order of one flow.
   *
   * @param flow index from 0
   * @return [channels]: the flow's channel i is channel {@code order[i]} of z; null if the flow reads them as they are
   */
  public static int[] of(TarFlowConfig config, int flow) {
    if (!config.channelMixing() || flow == 0) {
      return null;
    }
    int channels = config.channels();
    int even = (channels + 1) / 2;
    int[] order = new int[channels];
    for (int i = 0; i < channels; i++) {
      int source = i;
      for (int mix = 0; mix < flow; mix++) {
        source = source < even ? 2 * source : 2 * (source - even) + 1;
      }
      order[i] = source;
    }
    return order;
  }
}
