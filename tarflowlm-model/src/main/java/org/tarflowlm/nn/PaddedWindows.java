package org.tarflowlm.nn;

import java.util.Arrays;
import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.kernel.Gemm;

/**
 * Windows for texts shorter than the context. A graph is built for one length of window and takes longer to build than to run, so texts
 * are padded to a few lengths. A causal model does not see the padding, which follows a text whichever way a flow reads it.
 */
public final class PaddedWindows {
  /** Lengths, about: of texts of all lengths alike every tenth token or so is padding. */
  private static final int LENGTHS = 12;
  /** Positions of which the lengths are multiples: the products of matrices then treat all texts of a batch alike (kernel.Gemm). */
  private static final int UNIT = 12;

  private PaddedWindows() {}

  /** Tokens of the window for a text of so many, which is at least 1 and at most the context length. */
  public static int tokens(TarFlowConfig config, int text) {
    int patch = config.model() == ModelType.TARFLOW ? config.patchSize() : 1;
    int unit = UNIT * patch;
    int step = (config.contextLength() + LENGTHS * unit - 1) / (LENGTHS * unit) * unit;
    return Math.min(config.contextLength(), (text + step - 1) / step * step);
  }

  /**
   * Whether texts that are scored together have the very bits that they have by themselves: with OpenBLAS's kernels for AVX2, and windows
   * of positions that are many or a multiple of twelve. Elsewhere single precision may round them otherwise.
   */
  public static boolean keepBits(TarFlowConfig config) {
    return Gemm.keepsSequences(config.contextLength() / (config.model() == ModelType.TARFLOW ? config.patchSize() : 1));
  }

  /**
   * An output of a layer's graph for texts of one length.
   *
   * @param name of an output [batch, positions, ..] in the order of the text
   * @param ids INT [batch, time], time at most the context length
   * @param noise [batch, time, latentDim], or null for a discrete model
   * @return [batch, positions of the text, ..], the caller's
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

  /** Zeros behind what is along the second axis. */
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
