package org.tarflowlm.graph;

import org.nd4j.autodiff.samediff.SDVariable;
import org.tarflowlm.config.BlockMask;

/**
 * The building blocks of a transformer inside a graph, either as fused Java kernels or composed of stock ops. Both compute the same
 * functions; tests compare them.
 *
 * <p>Activations are [batch, time, width]. Matrices are [in, out].
 */
interface Primitives {
  /** Rows of {@code table} [V, H] for {@code ids} INT [B, T]; gives [B, T, H]. */
  SDVariable embedding(SDVariable table, SDVariable ids);

  /**
   * Shifts a sequence right by one and adds positions: row 0 is {@code start + position[0]}, row t is
   * {@code x[t-1] + position[t]}.
   *
   * @param x [B, T, H]
   * @param start [H]
   * @param position [at least T, H]
   */
  SDVariable shiftPosition(SDVariable x, SDVariable start, SDVariable position);

  /** {@code x w}: [.., I] times [I, O]. */
  SDVariable matmul(SDVariable x, Matrix weight);

  /** {@code x w + bias}. */
  SDVariable linear(SDVariable x, Matrix weight, SDVariable bias);

  /** {@code x w + bias + residual}. */
  SDVariable linearResidual(SDVariable x, Matrix weight, SDVariable bias, SDVariable residual);

  /** (x, elu(x), elu(-x)) of each channel but the last: [B, T, channels] to [B, T, 3 (channels - 1)]. */
  SDVariable maskedInputs(SDVariable x, int channels);

  /** {@code elu(x) w + bias}, where the mask hides part of w. */
  SDVariable maskedLinear(SDVariable x, Matrix weight, BlockMask mask, SDVariable bias);

  /** {@code elu(x) w + residual}, where the mask hides part of w. */
  SDVariable maskedResidual(SDVariable x, Matrix weight, BlockMask mask, SDVariable residual);

  /** Layer normalisation over the last axis, epsilon 1e-5. */
  SDVariable layerNorm(SDVariable x, SDVariable gain, SDVariable bias);

  /** {@code residual + gelu(x up + upBias) down + downBias}: [.., H] to [.., H] through [.., 4H]. */
  SDVariable feedForward(SDVariable x, Matrix up, SDVariable upBias, Matrix down, SDVariable downBias, SDVariable residual);

  /** Reverses each row of [rows, n]. */
  SDVariable reverse(SDVariable rows);

  /** Elementwise: x if positive, else exp(x) - 1. */
  SDVariable elu(SDVariable x);

  /** Causal multi-head self-attention: [B, T, 3H] packed as q, k, v to [B, T, H], H = {@code width}. */
  SDVariable causalAttention(SDVariable qkv, int heads, int width);

  /** Cross-entropy in nats per token: logits [B, T, V] and ids INT [B, T] to [B, T]. */
  SDVariable crossEntropy(SDVariable logits, SDVariable ids, int vocabSize);
}
