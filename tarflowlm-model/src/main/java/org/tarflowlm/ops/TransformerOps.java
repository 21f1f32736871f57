package org.tarflowlm.ops;

import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.kernel.CausalAttention;
import org.tarflowlm.kernel.CrossEntropy;
import org.tarflowlm.kernel.Embedding;
import org.tarflowlm.kernel.LayerNorm;
import org.tarflowlm.kernel.ShiftPosition;

/** The other parts of a transformer as ops, from token ids to the loss. */
public final class TransformerOps {
  private TransformerOps() {}

  /** Token embedding; ids are whole numbers. FLOAT only; see {@link Embedding}. */
  @Op(name = "tarflow_embedding", in = "table [vocabulary, width], ids [..]", out = "e [.., width]", gradient = EmbeddingOp.Gradient.class)
  public static final class EmbeddingOp extends FusedOp {
    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      Embedding.forward(x[0], Tensors.ints(in[1]), y[0], size(in[0], 0), size(in[0], 1));
    }

    /** The gradient; it uses only the shape of the table. */
    @Op(name = "tarflow_embedding_bp", in = "de [.., width], table [vocabulary, width], ids [..]", out = "dTable [vocabulary, width]")
    public static final class Gradient extends FusedOp {
      @Override
      void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
        Embedding.backward(x[0], Tensors.ints(in[2]), y[0], size(in[1], 0), size(in[1], 1));
      }
    }
  }

  /**
   * Shifts e right by one position, puts the start vector first and adds the position vectors; maxTime must be at least time. FLOAT only;
   * see {@link ShiftPosition}.
   */
  @Op(name = "tarflow_shift_position", in = "e [batch, time, width], start [width], position [maxTime, width]",
      out = "h [batch, time, width]", gradient = ShiftPositionOp.Gradient.class)
  public static final class ShiftPositionOp extends FusedOp {
    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      long[][] shapes = super.outputShapes(inputs);
      INDArray e = inputs.get(0);
      INDArray position = inputs.get(2);
      if (e.size(1) > position.size(0)) {
        throw new IllegalArgumentException(
            opName() + ": sequence has " + e.size(1) + " positions; expected at most " + position.size(0));
      }
      return shapes;
    }

    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      ShiftPosition.forward(x[0], x[1], x[2], y[0], size(in[0], 0), size(in[0], 1), size(in[0], 2));
    }

    /** The gradient; it uses only the shape of the position vectors. */
    @Op(name = "tarflow_shift_position_bp", in = "dh [batch, time, width], position [maxTime, width]",
        out = "de [batch, time, width], dStart [width], dPosition [maxTime, width]")
    public static final class Gradient extends FusedOp {
      @Override
      void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
        ShiftPosition.backward(x[0], y[0], y[1], y[2], size(in[0], 0), size(in[0], 1), size(in[1], 0), size(in[0], 2));
      }
    }
  }

  /** Layer norm over the last dimension. FLOAT only; see {@link LayerNorm}. */
  @Op(name = "tarflow_layer_norm", in = "x [.., width], gain [width], bias [width]", out = "y [.., width]",
      gradient = LayerNormOp.Gradient.class)
  public static final class LayerNormOp extends FusedOp {
    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      LayerNorm.forward(x[0], x[1], x[2], y[0], rows(in[0]), size(in[0], -1));
    }

    /** The gradient. */
    @Op(name = "tarflow_layer_norm_bp", in = "x [.., width], gain [width], dy [.., width]",
        out = "dx [.., width], dGain [width], dBias [width]")
    public static final class Gradient extends FusedOp {
      @Override
      void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
        LayerNorm.backward(x[0], x[1], x[2], y[0], y[1], y[2], rows(in[0]), size(in[0], -1));
      }
    }
  }

  /**
   * Causal self-attention; wide = 3 width. The second output, logSums, is saved for the gradient. FLOAT only; see {@link CausalAttention}.
   */
  @Op(name = "tarflow_causal_attention", in = "qkv [batch, time, wide]", out = "out [batch, time, width], logSums [batch, heads, time]",
      gradient = CausalAttentionOp.Gradient.class)
  public static final class CausalAttentionOp extends FusedOp {
    public CausalAttentionOp() {}

    public CausalAttentionOp(int heads) {
      addIArgument(heads);
    }

    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      INDArray qkv = inputs.get(0);
      if (qkv.rank() != 3) {
        throw new IllegalArgumentException(opName() + ": shape of qkv is " + Arrays.toString(qkv.shape()) + "; expected 3 dimensions");
      }
      if (argument(0) < 1 || qkv.size(2) % (3L * argument(0)) != 0) {
        throw new IllegalArgumentException(
            opName() + ": qkv is " + qkv.size(2) + " wide; expected a multiple of 3 x " + argument(0) + " heads");
      }
      return new long[][] {{qkv.size(0), qkv.size(1), qkv.size(2) / 3}, {qkv.size(0), argument(0), qkv.size(1)}};
    }

    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      CausalAttention.forward(x[0], y[0], y[1], size(in[0], 0), size(in[0], 1), size(in[0], 2) / 3, argument(0));
    }

    /** The gradient. */
    @Op(name = "tarflow_causal_attention_bp",
        in = "qkv [batch, time, wide], logSums [batch, heads, time], dOut [batch, time, width]", out = "dQkv [batch, time, wide]")
    public static final class Gradient extends FusedOp {
      @Override
      void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
        CausalAttention.backward(x[0], x[1], x[2], y[0], size(in[0], 0), size(in[0], 1), size(in[0], 2) / 3, argument(0));
      }
    }
  }

  /** Cross-entropy in nats per token; ids are whole numbers. FLOAT only; see {@link CrossEntropy}. */
  @Op(name = "tarflow_cross_entropy", in = "logits [.., vocabulary], ids [..]", out = "loss [..]",
      gradient = CrossEntropyOp.Gradient.class)
  public static final class CrossEntropyOp extends FusedOp {
    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      CrossEntropy.forward(x[0], Tensors.ints(in[1]), y[0], rows(in[0]), size(in[0], -1));
    }

    /** The gradient. */
    @Op(name = "tarflow_cross_entropy_bp", in = "logits [.., vocabulary], dLoss [..], ids [..]", out = "dLogits [.., vocabulary]")
    public static final class Gradient extends FusedOp {
      @Override
      void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
        CrossEntropy.backward(x[0], Tensors.ints(in[2]), x[1], y[0], rows(in[0]), size(in[0], -1));
      }
    }
  }
}
