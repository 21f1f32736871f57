package org.tarflowlm.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.nn.TarFlowLayer;

/** Hidden states of a discrete model that reads texts: what {@link DivergenceFrontier} compares. */
public final class JudgeFeatures {
  /** Tokens from one state to the next of a text: neighbouring states are nearly equal. */
  public static final int STRIDE = 16;

  private JudgeFeatures() {}

  /**
   * States at every 16th token of each text, each of all the window's tokens before it.
   *
   * @param judge a discrete model
   * @param texts [texts][tokens], all of one length, cut into windows of the context length
   * @param from tokens at the start of a text of which no state is taken, such as a prompt
   * @return [states][width]
   * @throws IllegalArgumentException if no text is long enough for one
   */
  public static double[][] of(TarFlowLayer judge, int[][] texts, int from) {
    int window = judge.model().contextLength();
    List<double[]> states = new ArrayList<>();
    for (int[] text : texts) {
      for (int begin = 0; begin < text.length; begin += window) {
        int[] tokens = Arrays.copyOfRange(text, begin, Math.min(text.length, begin + window));
        read(judge, tokens, Math.max(0, from - begin), states);
      }
    }
    if (states.isEmpty()) {
      throw new IllegalArgumentException("texts are shorter than " + STRIDE + " tokens; expected longer ones");
    }
    return states.toArray(double[][]::new);
  }

  private static void read(TarFlowLayer judge, int[] tokens, int from, List<double[]> states) {
    if (from + STRIDE > tokens.length) {
      return;
    }
    try (INDArray ids = Nd4j.createFromArray(tokens).reshape(1, tokens.length); INDArray features = judge.features(ids)) {
      float[] values = features.dup('c').data().asFloat();
      int width = judge.model().width();
      for (int t = from + STRIDE - 1; t < tokens.length; t += STRIDE) {
        double[] state = new double[width];
        for (int i = 0; i < width; i++) {
          state[i] = values[t * width + i];
        }
        states.add(state);
      }
    }
  }
}
