package org.tarflowlm.graph;

import java.util.IdentityHashMap;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.BlockMask;
import org.tarflowlm.stock.Attention;
import org.tarflowlm.stock.Gelu;
import org.tarflowlm.stock.LayerNorm;
import org.tarflowlm.stock.Linear;

/**
 * The transformer's building blocks composed of stock ops, for any backend and floating-point type.
 *
 * <p>Stock matrix products need two axes, and the batch size is unknown when the graph is built. So every block flattens its input to
 * [B * T, width] and reshapes the result, which requires a fixed number of positions T.
 */
final class ComposedPrimitives implements Primitives {
  /** Added to masked attention scores, which puts them far below any other. */
  private static final double MASKED = -1e9;

  private final SameDiff sd;
  private final DataType type;
  private final int positions;
  private final Map<SDVariable, SDVariable> rowsOf = new IdentityHashMap<>();
  private SDVariable mask;

  ComposedPrimitives(SameDiff sd, DataType type, int positions) {
    this.sd = sd;
    this.type = type;
    this.positions = positions;
  }

  @Override
  public SDVariable embedding(SDVariable table, SDVariable ids) {
    // gather would be slow: its stock gradient loops over the indices
    SDVariable chosen = oneHot(ids, size(table, 0)).reshape(-1, size(table, 0));
    return Linear.product(chosen, table).reshape(-1, positions, size(table, 1));
  }

  @Override
  public SDVariable shiftPosition(SDVariable x, SDVariable start, SDVariable position) {
    int width = size(start, 0);
    // x' = S x with S[t, t-1] = 1, written as a product from the right because mmul does not broadcast a matrix over a batch
    SDVariable columns = Linear.product(x.permute(0, 2, 1).reshape(-1, positions), sd.constant(shiftMatrix()));
    SDVariable shifted = columns.reshape(-1, width, positions).permute(0, 2, 1);
    SDVariable first = sd.constant(Nd4j.zeros(type, positions, 1).putScalar(0, 0, 1.0)).mmul(start.reshape(1, width));
    SDVariable used = size(position, 0) == positions ? position
        : sd.stridedSlice(position, new long[] {0, 0}, new long[] {positions, width}, 1, 1);
    return shifted.add(first.add(used).reshape(1, positions, width));
  }

  @Override
  public SDVariable matmul(SDVariable x, Matrix weight) {
    return activations(Linear.product(rows(x, weight.in()), weight.value()), weight.out());
  }

  @Override
  public SDVariable linear(SDVariable x, Matrix weight, SDVariable bias) {
    return linearResidual(x, weight, bias, null);
  }

  @Override
  public SDVariable linearResidual(SDVariable x, Matrix weight, SDVariable bias, SDVariable residual) {
    SDVariable added = residual == null ? null : rows(residual, weight.out());
    return activations(Linear.of(rows(x, weight.in()), weight.value(), bias, added, positions), weight.out());
  }

  @Override
  public SDVariable maskedInputs(SDVariable x, int channels) {
    int others = channels - 1;
    SDVariable copied = Linear.product(x.reshape(-1, channels), sd.constant(copies(channels)));
    SDVariable change = elu(copied).sub(copied).mul(sd.constant(bentColumns(others)));
    return activations(copied.add(change), MafHead.INPUTS_PER_CHANNEL * others);
  }

  /** The matrix that copies each channel j except the last to columns 3j to 3j+2 as (x, x, -x). */
  private INDArray copies(int channels) {
    INDArray result = Nd4j.zeros(type, channels, (long) MafHead.INPUTS_PER_CHANNEL * (channels - 1));
    for (int j = 0; j < channels - 1; j++) {
      result.putScalar(j, (long) MafHead.INPUTS_PER_CHANNEL * j, 1.0);
      result.putScalar(j, (long) MafHead.INPUTS_PER_CHANNEL * j + 1, 1.0);
      result.putScalar(j, (long) MafHead.INPUTS_PER_CHANNEL * j + 2, -1.0);
    }
    return result;
  }

  /** Ones at the columns to which elu applies. */
  private INDArray bentColumns(int others) {
    INDArray result = Nd4j.ones(type, 1, (long) MafHead.INPUTS_PER_CHANNEL * others);
    for (int j = 0; j < others; j++) {
      result.putScalar(0, (long) MafHead.INPUTS_PER_CHANNEL * j, 0.0);
    }
    return result;
  }

  @Override
  public SDVariable maskedLinear(SDVariable x, Matrix weight, BlockMask mask, SDVariable bias) {
    return linear(elu(x), weight.masked(mask, type), bias);
  }

  @Override
  public SDVariable maskedResidual(SDVariable x, Matrix weight, BlockMask mask, SDVariable residual) {
    return residual.add(matmul(elu(x), weight.masked(mask, type)));
  }

  @Override
  public SDVariable layerNorm(SDVariable x, SDVariable gain, SDVariable bias) {
    int width = size(gain, 0);
    return activations(LayerNorm.of(rows(x, width), gain, bias, positions), width);
  }

  @Override
  public SDVariable feedForward(SDVariable x, Matrix up, SDVariable upBias, Matrix down, SDVariable downBias, SDVariable residual) {
    SDVariable hidden = Gelu.of(Linear.product(rows(x, up.in()), up.value()), upBias, positions);
    return linearResidual(activations(hidden, up.out()), down, downBias, residual);
  }

  /** Reshapes rows to activations [B, T, width], and remembers the rows so that {@link #rows} need not reshape back. */
  private SDVariable activations(SDVariable rows, int width) {
    SDVariable result = rows.reshape(-1, positions, width);
    rowsOf.put(result, rows);
    return result;
  }

  /** Rows [B * T, width]. */
  private SDVariable rows(SDVariable activations, int width) {
    SDVariable known = rowsOf.get(activations);
    return known == null ? activations.reshape(-1, width) : known;
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
    SDVariable[] packed = sd.split(rows(qkv, 3 * width), 3, 1);
    SDVariable[] parts = new SDVariable[packed.length];
    for (int i = 0; i < parts.length; i++) {
      SDVariable scaled = i == 0 ? packed[i].mul(1 / Math.sqrt(headWidth)) : packed[i];
      parts[i] = scaled.reshape(-1, positions, heads, headWidth).permute(0, 2, 1, 3);
    }
    SDVariable mixed = Attention.of(parts[0], parts[1], parts[2], headWidth, mask).permute(0, 2, 1, 3);
    return activations(mixed.reshape(-1, width), width);
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
