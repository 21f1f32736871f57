package org.tarflowlm.flow;

import org.tarflowlm.kernel.RowProduct;

/** Weights of one causal transformer: start and position vectors, pre-norm blocks, the last norm. Read-only, shared by threads. */
public final class TransformerWeights {
  /** Layer normalisation, see {@link org.tarflowlm.kernel.LayerNorm}. */
  record Norm(float[] gain, float[] bias) {
    static Norm of(ParameterSource source, String name, int width) {
      return new Norm(source.vector(name + ".gain", width), source.vector(name + ".bias", width));
    }
  }

  /** One pre-norm block: x += proj(attention(norm1(x))), x += down(gelu(up(norm2(x)))). */
  record Block(Norm norm1, RowProduct qkv, RowProduct proj, Norm norm2, RowProduct up, RowProduct down) {
    static Block of(ParameterSource source, int width) {
      return new Block(Norm.of(source, "norm1", width), source.product("qkv", width, 3 * width),
          source.product("proj", width, width), Norm.of(source, "norm2", width),
          source.product("up", width, 4 * width), source.product("down", 4 * width, width));
    }
  }

  final int width;
  final int heads;
  final int positions;
  /** Stands for the input before position 0, [width]. */
  final float[] start;
  /** [positions][width]. */
  final float[][] position;
  final Block[] blocks;
  final Norm norm;

  public TransformerWeights(ParameterSource source, int width, int heads, int layers, int positions) {
    this.width = width;
    this.heads = heads;
    this.positions = positions;
    start = source.vector("start", width);
    position = source.matrix("position", positions, width);
    blocks = new Block[layers];
    for (int i = 0; i < layers; i++) {
      blocks[i] = Block.of(source.under("block" + i + "."), width);
    }
    norm = Norm.of(source, "norm", width);
  }
}
