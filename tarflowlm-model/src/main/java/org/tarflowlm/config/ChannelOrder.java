package org.tarflowlm.config;

import java.util.stream.IntStream;

/**
 * The order in which a flow reads the channels of a position. Before every later flow with a transformer of its own, ChannelMix moves the
 * even-numbered channels to the front (paper section 5), so a flow reads the channels of z after the mixes so far, and from the last to the
 * first where it reads them {@linkplain ChannelDirection#DESCENDING down}. Latents h^(l) are always in the order of z: a flow puts its
 * channels in its own order when it reads, and back when it writes.
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
    long mixes = IntStream.rangeClosed(0, flow).filter(config::mixesBefore).count();
    boolean descending = config.flows().get(flow).channelDirection() == ChannelDirection.DESCENDING;
    if (mixes == 0 && !descending) {
      return null;
    }
    int channels = config.channels();
    int even = (channels + 1) / 2;
    int[] order = new int[channels];
    for (int i = 0; i < channels; i++) {
      int source = descending ? channels - 1 - i : i;
      for (long mix = 0; mix < mixes; mix++) {
        source = source < even ? 2 * source : 2 * (source - even) + 1;
      }
      order[i] = source;
    }
    return order;
  }
}
