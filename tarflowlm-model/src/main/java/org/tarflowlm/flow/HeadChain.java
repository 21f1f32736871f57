package org.tarflowlm.flow;

import java.util.List;

/**
 * Applies the heads of a flow and of its in-token flows, one after another, at every position. Input and output channels are in the order
 * of z; each head reads them in its own order.
 */
final class HeadChain implements CouplingHead {
  private final CouplingHead[] heads;
  /** By head, as {@link HeadWeights#channelOrder()}. */
  private final int[][] orders;
  private final int channels;
  /** Level between two heads, in the order of z; below, a head's noise and data side in its own order; all [rows][D]. */
  private double[][] between = new double[0][];
  private double[][] ownU;
  private double[][] ownZ;
  /** Start index of every row in these arrays: 0. */
  private int[] zeros;
  /** Output arguments for one head. */
  private final double[][] own = new double[1][];
  private final double[] logDet = new double[1];

  HeadChain(List<CouplingHead> heads, List<int[]> orders, int channels) {
    this.heads = heads.toArray(CouplingHead[]::new);
    this.orders = orders.toArray(int[][]::new);
    this.channels = channels;
  }

  @Override
  public void read(float[] features, int from, int to) {
    for (CouplingHead head : heads) {
      head.read(features, from, to);
    }
    if (between.length < to) {
      between = new double[to][channels];
      ownU = new double[to][channels];
      ownZ = new double[to][channels];
      zeros = new int[to];
    }
  }

  @Override
  public void inverse(int from, int to, double[][] u, double[][] z, int[] at) {
    for (int k = heads.length - 1; k >= 0; k--) {
      for (int row = from; row < to; row++) {
        boolean last = k == heads.length - 1;
        gather(last ? u[row] : between[row], last ? at[row] : 0, ownU[row], orders[k]);
      }
      heads[k].inverse(from, to, ownU, ownZ, zeros);
      for (int row = from; row < to; row++) {
        scatter(ownZ[row], k == 0 ? z[row] : between[row], k == 0 ? at[row] : 0, orders[k]);
      }
    }
  }

  @Override
  public double margin(int row) {
    double least = 1.0;
    for (CouplingHead head : heads) {
      least = Math.min(least, head.margin(row));
    }
    return least;
  }

  @Override
  public void forward(int row, double[] z, double[][] u, int at, double[] logDets) {
    own[0] = ownU[row];
    for (int k = 0; k < heads.length; k++) {
      gather(k == 0 ? z : between[row], k == 0 ? at : 0, ownZ[row], orders[k]);
      logDet[0] = 0.0;
      heads[k].forward(row, ownZ[row], own, 0, logDet);
      logDets[k] += logDet[0];
      scatter(ownU[row], between[row], 0, orders[k]);
      if (u[k] != null) {
        System.arraycopy(between[row], 0, u[k], at, channels);
      }
    }
  }

  private void gather(double[] position, int start, double[] own, int[] order) {
    for (int c = 0; c < channels; c++) {
      own[c] = position[start + (order == null ? c : order[c])];
    }
  }

  private void scatter(double[] own, double[] position, int start, int[] order) {
    for (int c = 0; c < channels; c++) {
      position[start + (order == null ? c : order[c])] = own[c];
    }
  }
}
