package org.tarflowlm.nn;

import java.util.Arrays;
import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.kernel.Gemm;

/**
 * Pads texts shorter than the context to one of a few window lengths. A graph serves one window length, and building it takes longer than
 * running it. A causal model does not see the padding, which every flow reads after the text, in either direction.
 */
public final class PaddedWindows {
  /** Approximate number of window lengths; if texts of all lengths are equally frequent, about a tenth of the tokens are padding. */
  private static final int LENGTHS = 12;
  /** Lengths are multiples of this many positions, so that matrix products treat all texts of a batch alike ({@link Gemm}). */
  private static final int UNIT = 12;

  private PaddedWindows() {}

  /**
   * Length in tokens of the window for a text.
   *
   * @param text tokens of the text, at least 1 and at most the context length
   */
  public static int tokens(TarFlowConfig config, int text) {
    int patch = config.patch();
    int unit = UNIT * patch;
    int step = (config.contextLength() + LENGTHS * unit - 1) / (LENGTHS * unit) * unit;
    return Math.min(config.contextLength(), (text + step - 1) / step * step);
  }

  /**
   * Whether scoring texts together gives the same bits as scoring each alone. This holds with oneDNN's kernels for AVX-512 and, in windows
   * with many positions or a multiple of twelve, with kernels for AVX2. Otherwise rounding to single precision may differ.
   */
  public static boolean keepBits(TarFlowConfig config) {
    return Gemm.keepsSequences(config.contextLength() / config.patch());
  }

  /**
   * Computes an output of a layer's graph for texts of one length.
   *
   * @param name name of an output [batch, positions, ..] in the order of the text
   * @param ids INT [batch, time], time at most the context length
   * @param noise [batch, time, latentDim], or null for a discrete model
   * @return [batch, positions of the text, ..]; the caller closes it
   */
  static INDArray output(TarFlowLayer layer, String name, INDArray ids, INDArray noise) {
    int time = (int) ids.size(1);
    if (time >= layer.model().contextLength()) {
      return layer.evaluate(List.of(name), ids, noise, null).get(name);
    }
    int tokens = tokens(layer.model(), time);
    int[] lengths = new int[(int) ids.size(0)];
    Arrays.fill(lengths, time);
    try (INDArray paddedIds = padded(ids.castTo(DataType.INT32), tokens);
        INDArray paddedNoise = noise == null ? null : padded(noise, tokens);
        INDArray whole = layer.evaluate(List.of(name), paddedIds, paddedNoise, lengths).get(name)) {
      INDArrayIndex[] text = new INDArrayIndex[whole.rank()];
      Arrays.fill(text, NDArrayIndex.all());
      text[1] = NDArrayIndex.interval(0, whole.size(1) * time / tokens);
      return whole.get(text).dup('c');
    }
  }

  /** Copies an array and appends zeros along its second axis, up to {@code tokens}. */
  private static INDArray padded(INDArray array, int tokens) {
    long[] shape = array.shape();
    INDArrayIndex[] text = new INDArrayIndex[shape.length];
    Arrays.fill(text, NDArrayIndex.all());
    text[1] = NDArrayIndex.interval(0, shape[1]);
    shape = shape.clone();
    shape[1] = tokens;
    INDArray result = Nd4j.zeros(array.dataType(), shape);
    result.put(text, array);
    return result;
  }
}
