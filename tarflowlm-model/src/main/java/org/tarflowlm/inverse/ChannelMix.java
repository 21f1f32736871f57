package org.tarflowlm.inverse;

/** Channel mixing between flows (paper section 5): the even-numbered channels of a position first, then the odd-numbered ones. */
final class ChannelMix {
  private ChannelMix() {}

  static void mix(double[] x, double[] mixed, int channels) {
    int even = (channels + 1) / 2;
    for (int at = 0; at < x.length; at += channels) {
      for (int c = 0; c < channels; c++) {
        mixed[at + (c % 2 == 0 ? c / 2 : even + c / 2)] = x[at + c];
      }
    }
  }

  /** Undoes {@link #mix}. */
  static void unmix(double[] mixed, double[] x, int channels) {
    int even = (channels + 1) / 2;
    for (int at = 0; at < x.length; at += channels) {
      for (int c = 0; c < channels; c++) {
        x[at + c] = mixed[at + (c % 2 == 0 ? c / 2 : even + c / 2)];
      }
    }
  }
}
