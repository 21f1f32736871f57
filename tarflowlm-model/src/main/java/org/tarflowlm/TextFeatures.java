package org.tarflowlm;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.nn.HiddenStates;
import org.tarflowlm.nn.TarFlowLayer;

/** A flow's hidden states over a whole text, in windows of the context length that do not see each other. */
final class TextFeatures {
  private static final int BATCH = 16;

  private TextFeatures() {}

  /** [tokens / patch][width] */
  static double[][] of(TarFlowLayer layer, int[] tokens, int flow) {
    int patch = layer.model().patchSize();
    int length = layer.model().contextLength();
    double[][] result = new double[tokens.length / patch][];
    int read = 0;
    while (read < tokens.length) {
      int full = Math.min(BATCH, (tokens.length - read) / length);
      int windows = Math.max(1, full);
      int time = full == 0 ? tokens.length - read : length;
      int[] ids = Arrays.copyOfRange(tokens, read, read + windows * time);
      try (INDArray input = Nd4j.createFromArray(ids).reshape(windows, time); INDArray states = HiddenStates.of(layer, input, flow)) {
        double[][] rows = states.reshape(ids.length / patch, states.size(2)).toDoubleMatrix();
        System.arraycopy(rows, 0, result, read / patch, rows.length);
      }
      read += ids.length;
    }
    return result;
  }

  static double[] mean(double[][] rows) {
    double[] mean = new double[rows[0].length];
    for (double[] row : rows) {
      for (int i = 0; i < mean.length; i++) {
        mean[i] += row[i] / rows.length;
      }
    }
    return mean;
  }
}
