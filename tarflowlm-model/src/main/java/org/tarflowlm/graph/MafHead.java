package org.tarflowlm.graph;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The masked head of affine and Mix-1 flows (paper section 3.2.1 and appendix H): the parameters of channel i at a position depend on
 * the transformer's features at that position and on channels before i.
 *
 * <p>It has three masked linear maps: in_to_features reads (x, elu(x), elu(-x)) of all channels but the last, features_to_hidden adds to
 * the projected features, and hidden_to_out gives the parameters. Further hidden layers, which the paper's head lacks, are residual. A 0-1
 * mask on each matrix hides later channels from block i.
 */
final class MafHead {
  private static final int INPUTS_PER_CHANNEL = 3;

  private final GraphScope scope;
  private final String prefix;
  private final int outputs;

  /** @param outputs numbers per channel: 2 for an affine flow, 3K for a mixture of K */
  MafHead(GraphScope scope, String prefix, int outputs) {
    this.scope = scope;
    this.prefix = prefix;
    this.outputs = outputs;
  }

  /** Maps features [B, T, H] and channels x [B, T, D] to raw parameters [B, T, D, outputs]. */
  SDVariable build(SDVariable features, SDVariable x) {
    SameDiff sd = scope.sd();
    Primitives p = scope.primitives();
    int channels = scope.config().channels();
    int hidden = scope.config().mafHidden() / 2;
    SDVariable h = p.linear(features, scope.matrix(prefix + "maf.context.weight"), parameter("context.bias"));     // [B, T, hidden D]
    if (channels > 1) {
      int others = channels - 1;
      SDVariable rows = x.reshape(-1, channels).mmul(sd.constant(copies(channels)));           // [B T, 3 (D-1)]
      SDVariable bent = p.elu(rows);
      SDVariable isBent = sd.constant(bentColumns(others));
      SDVariable inputs = rows.add(bent.sub(rows).mul(isBent)).reshape(-1, scope.positions(), (long) INPUTS_PER_CHANNEL * others);
      int embed = Math.toIntExact(parameter("features.bias").getShape()[0]) / others;
      Matrix first = masked("features", mask(scope.type(), others, INPUTS_PER_CHANNEL, others, embed, true));
      Matrix second = masked("hidden", mask(scope.type(), others, embed, channels, hidden, false));
      SDVariable f = p.elu(p.linear(inputs, first, parameter("features.bias")));                                // [B, T, E (D-1)]
      h = h.add(p.matmul(f, second));
    }
    h = p.elu(h);
    for (int r = 1; r < scope.config().mafLayers(); r++) {
      String residual = "residual" + r;
      Matrix further = masked(residual, mask(scope.type(), channels, hidden, channels, hidden, true));
      h = h.add(p.elu(p.linear(h, further, parameter(residual + ".bias"))));
    }
    Matrix out = masked("out", mask(scope.type(), channels, hidden, channels, outputs, true));
    return p.linear(h, out, parameter("out.bias")).reshape(-1, scope.positions(), channels, outputs);
  }

  /** The matrix that copies each channel j except the last to columns 3j to 3j+2 as (x, x, -x). */
  private INDArray copies(int channels) {
    INDArray result = Nd4j.zeros(scope.type(), channels, (long) INPUTS_PER_CHANNEL * (channels - 1));
    for (int j = 0; j < channels - 1; j++) {
      result.putScalar(j, (long) INPUTS_PER_CHANNEL * j, 1.0);
      result.putScalar(j, (long) INPUTS_PER_CHANNEL * j + 1, 1.0);
      result.putScalar(j, (long) INPUTS_PER_CHANNEL * j + 2, -1.0);
    }
    return result;
  }

  /** Ones at the columns to which elu applies. */
  private INDArray bentColumns(int others) {
    INDArray result = Nd4j.ones(scope.type(), 1, (long) INPUTS_PER_CHANNEL * others);
    for (int j = 0; j < others; j++) {
      result.putScalar(0, (long) INPUTS_PER_CHANNEL * j, 0.0);
    }
    return result;
  }

  private Matrix masked(String name, INDArray mask) {
    return scope.matrix(prefix + "maf." + name + ".weight").masked(scope.sd().constant(mask));
  }

  /** Ones where the target block may read the source block: source before target or, with {@code same}, source = target too. */
  static INDArray mask(DataType type, int sources, int perSource, int targets, int perTarget, boolean same) {
    INDArray result = Nd4j.zeros(type, (long) sources * perSource, (long) targets * perTarget);
    for (int row = 0; row < sources * perSource; row++) {
      for (int column = 0; column < targets * perTarget; column++) {
        int source = row / perSource;
        int target = column / perTarget;
        if (source < target || (same && source == target)) {
          result.putScalar(row, column, 1.0);
        }
      }
    }
    return result;
  }

  private SDVariable parameter(String name) {
    return scope.parameter(prefix + "maf." + name);
  }
}
