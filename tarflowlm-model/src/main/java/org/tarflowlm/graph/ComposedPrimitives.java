package org.tarflowlm.graph;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The transformer's building blocks composed of stock ops: any backend, any floating-point type.
 *
 * <p>Stock matrix products want two axes, and the batch size is not known when the graph is built, so every block flattens to
 * [B * T, width] and back; hence the fixed number of positions T.
 */
final class ComposedPrimitives implements Primitives {
  /** Added to forbidden attention scores: far below any score. */
  private static final double MASKED = -1e9;

  private static final double LAYER_NORM_EPSILON = 1e-5;

  private final SameDiff sd;
  private final DataType type;
  private final int positions;
  private SDVariable mask;

  ComposedPrimitives(SameDiff sd, DataType type, int positions) {
    this.sd = sd;
    this.type = type;
    this.positions = positions;
  }

  @Override
  public SDVariable embedding(SDVariable table, SDVariable ids) {
    // not gather: its stock gradient is a loop over the indices
    return oneHot(ids, size(table, 0)).reshape(-1, size(table, 0)).mmul(table).reshape(-1, positions, size(table, 1));
  }

  @Override
  public SDVariable shiftPosition(SDVariable x, SDVariable start, SDVariable position) {
    int width = size(start, 0);
    // x' = S x with S[t, t-1] = 1, written as a product from the right because mmul does not broadcast a matrix over a batch
    SDVariable columns = x.permute(0, 2, 1).reshape(-1, positions).mmul(sd.constant(shiftMatrix()));
    SDVariable shifted = columns.reshape(-1, width, positions).permute(0, 2, 1);
    SDVariable first = sd.constant(firstRow()).mmul(start.reshape(1, width));
    SDVariable used = size(position, 0) == positions ? position
        : sd.stridedSlice(position, new long[] {0, 0}, new long[] {positions, width}, 1, 1);
    return shifted.add(first.add(used).reshape(1, positions, width));
  }

  @Override
  public SDVariable matmul(SDVariable x, Matrix weight) {
    return x.reshape(-1, weight.in()).mmul(weight.value()).reshape(-1, positions, weight.out());
  }

  @Override
  public SDVariable linear(SDVariable x, Matrix weight, SDVariable bias) {
    return x.reshape(-1, weight.in()).mmul(weight.value()).add(bias).reshape(-1, positions, weight.out());
  }

  @Override
  public SDVariable linearResidual(SDVariable x, Matrix weight, SDVariable bias, SDVariable residual) {
    return linear(x, weight, bias).add(residual);
  }

  @Override
  public SDVariable layerNorm(SDVariable x, SDVariable gain, SDVariable bias) {
    SDVariable rows = x.reshape(-1, size(gain, 0));
    SDVariable centred = rows.sub(rows.mean(true, 1));
    SDVariable variance = centred.mul(centred).mean(true, 1);
    SDVariable normal = centred.mul(sd.math().pow(variance.add(LAYER_NORM_EPSILON), -0.5));
    return normal.mul(gain).add(bias).reshape(-1, positions, size(gain, 0));
  }

  @Override
  public SDVariable feedForward(SDVariable x, Matrix up, SDVariable upBias, Matrix down, SDVariable downBias, SDVariable residual) {
    return linearResidual(biasGelu(matmul(x, up), upBias), down, downBias, residual);
  }

  private SDVariable biasGelu(SDVariable x, SDVariable bias) {
    SDVariable y = x.reshape(-1, size(bias, 0)).add(bias);
    SDVariable gelu = y.mul(sd.math().erf(y.mul(Math.sqrt(0.5))).add(1.0)).mul(0.5);
    return gelu.reshape(-1, positions, size(bias, 0));
  }

  @Override
  public SDVariable reverse(SDVariable rows) {
    return sd.reverse(rows, 1);
  }

  @Override
  public SDVariable elu(SDVariable x) {
    return sd.nn().elu(x);
  }

  @Override
  public SDVariable causalAttention(SDVariable qkv, int heads, int width) {
    int headWidth = width / heads;
    if (mask == null) {
      mask = sd.constant("causal.mask", causalMask());
    }
    SDVariable[] parts = sd.split(qkv.reshape(-1, 3L * width), 3, 1);
    SDVariable q = parts[0].reshape(-1, positions, heads, headWidth).permute(0, 2, 1, 3);
    SDVariable k = parts[1].reshape(-1, positions, heads, headWidth).permute(0, 2, 3, 1);
    SDVariable v = parts[2].reshape(-1, positions, heads, headWidth).permute(0, 2, 1, 3);
    SDVariable weights = sd.nn().softmax(q.mmul(k).mul(1 / Math.sqrt(headWidth)).add(mask), -1);
    return weights.mmul(v).permute(0, 2, 1, 3).reshape(-1, positions, width);
  }

  @Override
  public SDVariable crossEntropy(SDVariable logits, SDVariable ids, int vocabSize) {
    SDVariable logProbabilities = sd.nn().logSoftmax(logits.reshape(-1, vocabSize));
    SDVariable chosen = logProbabilities.mul(oneHot(ids, vocabSize).reshape(-1, vocabSize)).sum(1);
    return chosen.neg().reshape(-1, positions);
  }

  private SDVariable oneHot(SDVariable ids, int vocabSize) {
    return sd.oneHot(ids, vocabSize, -1, 1.0, 0.0, type);
  }

  private INDArray shiftMatrix() {
    INDArray shift = Nd4j.zeros(type, positions, positions);
    for (int t = 1; t < positions; t++) {
      shift.putScalar(t - 1, t, 1.0);
    }
    return shift;
  }

  private INDArray firstRow() {
    return Nd4j.zeros(type, positions, 1).putScalar(0, 0, 1.0);
  }

  private INDArray causalMask() {
    INDArray result = Nd4j.zeros(type, positions, positions);
    for (int t = 0; t < positions; t++) {
      for (int later = t + 1; later < positions; later++) {
        result.putScalar(t, later, MASKED);
      }
    }
    return result;
  }

  private static int size(SDVariable parameter, int axis) {
    return Math.toIntExact(parameter.getShape()[axis]);
  }
}
