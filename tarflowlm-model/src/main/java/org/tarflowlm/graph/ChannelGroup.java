package org.tarflowlm.graph;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.stock.NormalTail;

/**
 * The channels [first, end) that a {@linkplain FlowSpec#isPartial partial flow} maps at each token, and the channels below first that it
 * reads. Products with 0-1 matrices, which are exact, pick channels. Here x is [B, T, d] in the flow's reading order.
 */
final class ChannelGroup {
  private final GraphScope scope;
  private final FlowSpec spec;
  private final int channels;
  private final int first;
  private final int end;

  ChannelGroup(GraphScope scope, FlowSpec spec) {
    this.scope = scope;
    this.spec = spec;
    channels = scope.config().latentDim();
    first = spec.firstChannel();
    end = spec.endChannel(channels);
  }

  /** The group's channels, [B, T, end - first]. */
  SDVariable of(SDVariable x) {
    return pick(x, first, end);
  }

  /** The group's channels of means [K, d]: [K, end - first]. */
  Matrix ofMeans(SDVariable means) {
    SDVariable own = scope.sd().mmul(means, scope.sd().constant(picking(first, end)));
    return new Matrix(own, scope.config().vocabSize(), end - first);
  }

  /** Every channel that the flow reads, [B, T, end]. */
  SDVariable upToItsEnd(SDVariable x) {
    return end == channels ? x : pick(x, 0, end);
  }

  /** Channels below first of each token and of the lookAhead tokens after it, zeros after a text's end: [B, T, (1 + lookAhead) first]. */
  SDVariable ahead(SDVariable x) {
    int tokens = scope.tokens();
    int offsets = 1 + spec.lookAhead();
    SDVariable known = pick(x, 0, first);
    if (scope.padding() != null) {
      known = known.mul(scope.padding().mask().reshape(-1, tokens, 1));
    }
    INDArray shifts = Nd4j.zeros(scope.type(), (long) offsets * tokens, tokens);
    for (int k = 0; k < offsets; k++) {
      for (int t = 0; t + k < tokens; t++) {
        shifts.putScalar((long) k * tokens + t, t + k, 1.0);
      }
    }
    SDVariable byToken = known.permute(1, 0, 2).reshape(tokens, -1);                                                  // [T, B first]
    SDVariable shifted = scope.sd().mmul(scope.sd().constant(shifts), byToken);                                      // [offsets T, B first]
    return shifted.reshape(offsets, tokens, -1, first).permute(2, 1, 0, 3).reshape(-1, tokens, (long) offsets * first);
  }

  /** Updates the logits [B, T, K] of the tokens by Bayes' rule, given the channels below first. */
  SDVariable weights(SDVariable x, SDVariable logits, SDVariable means, SDVariable logScales) {
    SDVariable result = logits;
    for (int c = 0; c < first; c++) {
      SDVariable mean = scope.sd().mmul(means, scope.sd().constant(picking(c, c + 1))).reshape(1, 1, -1);
      SDVariable scale = scope.sd().math().exp(logScales);
      SDVariable distance = pick(x, c, c + 1).sub(mean).div(scale);                                                     // [B, T, K]
      result = result.sub(distance.mul(distance).mul(0.5)).sub(logScales);
    }
    return result;
  }

  /** Puts the group's u [B, T, end - first] back between the unchanged other channels of x: [B, T, d]. */
  SDVariable putBack(SDVariable u, SDVariable x) {
    return product(u, picking(first, end).transpose().dup('c')).add(x.mul(scope.sd().constant(others())));
  }

  /** log N(x; 0, 1) in nats, summed over the channels that the flow does not map: [B, T]. */
  SDVariable logDensityOfOthers(SDVariable x) {
    return NormalTail.logPdf(x).mul(scope.sd().constant(others())).sum(2);
  }

  private INDArray others() {
    INDArray mask = Nd4j.ones(scope.type(), channels);
    for (int c = first; c < end; c++) {
      mask.putScalar(c, 0.0);
    }
    return mask;
  }

  private SDVariable pick(SDVariable x, int from, int to) {
    return product(x, picking(from, to));
  }

  private INDArray picking(int from, int to) {
    INDArray picked = Nd4j.zeros(scope.type(), channels, to - from);
    for (int c = from; c < to; c++) {
      picked.putScalar(c, c - from, 1.0);
    }
    return picked;
  }

  private SDVariable product(SDVariable x, INDArray matrix) {
    return scope.primitives().matmul(x, new Matrix(scope.sd().constant(matrix), Math.toIntExact(matrix.size(0)),
        Math.toIntExact(matrix.size(1))));
  }
}
