package org.tarflowlm.graph;

import org.nd4j.autodiff.samediff.SDVariable;

/** The discrete twin: the same transformer over token embeddings with a softmax over the vocabulary. Its likelihood is exact. */
final class AutoregressiveModel {
  private static final String PREFIX = "lm.";

  private final GraphScope scope;

  AutoregressiveModel(GraphScope scope) {
    this.scope = scope;
  }

  /** log p(x) in nats per sequence, [B], from ids INT [B, T]. */
  SDVariable logLikelihood(SDVariable ids) {
    Primitives p = scope.primitives();
    SDVariable embedded = p.embedding(scope.parameter("embed.weight"), ids);
    SDVariable features = new CausalTransformer(scope, PREFIX, scope.config().totalLayers()).build(embedded)
        .rename(WindowGraph.FEATURES);
    SDVariable logits = p.linear(features, scope.matrix(PREFIX + "head.weight"), scope.parameter(PREFIX + "head.bias"));
    SDVariable losses = p.crossEntropy(logits, ids, scope.config().vocabSize()).rename(WindowGraph.terms(0));
    return scope.perSequence(losses, scope.tokens()).neg();
  }
}
