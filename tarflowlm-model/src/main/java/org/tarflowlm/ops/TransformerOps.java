package org.tarflowlm.ops;

import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.kernel.CausalAttention;
import org.tarflowlm.kernel.CrossEntropy;
import org.tarflowlm.kernel.Embedding;
import org.tarflowlm.kernel.LayerNorm;
import org.tarflowlm.kernel.ShiftPosition;

/** The other parts of a transformer as ops, from token ids to the loss. */
public final class TransformerOps {
  private TransformerOps() {}

  /** Token embedding: (table [vocabulary, width], ids INT [..]) to [.., width]. FLOAT only; see {@link Embedding}. */
  @Op(name = "tarflow_embedding")
  public static final class EmbeddingOp extends FusedOp {
    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      requireRank("table", inputs.get(0), 2);
      return new long[][] {append(inputs.get(1).shape(), inputs.get(0).size(1))};
    }

    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      Embedding.forward(x[0], Tensors.ints(in[1]), y[0], size(in[0], 0), size(in[0], 1));
    }

    @Override
    public List<SDVariable> doDiff(List<SDVariable> gradients) {
      SDVariable dTable = new Gradient().in(sameDiff, gradients.get(0), arg(0), arg(1))[0];
      return List.of(dTable, sameDiff.zerosLike(arg(1)));
    }

    /** (dOut, table, ids) to dTable; of the table only the shape is used. */
    @Op(name = "tarflow_embedding_bp")
    public static final class Gradient extends FusedOp {
      @Override
      protected long[][] outputShapes(List<INDArray> inputs) {
        return new long[][] {inputs.get(1).shape()};
      }

      @Override
      void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
        Embedding.backward(x[0], Tensors.ints(in[2]), y[0], size(in[1], 0), size(in[1], 1));
      }
    }
  }

  /**
   * Shift right by one after a start vector, plus positions: (e [batch, time, width], start [width], position [maxTime, width]) to
   * [batch, time, width]. FLOAT only; see {@link ShiftPosition}.
   */
  @Op(name = "tarflow_shift_position")
  public static final class ShiftPositionOp extends FusedOp {
    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      INDArray e = inputs.get(0);
      INDArray position = inputs.get(2);
      requireRank("e", e, 3);
      require("start", inputs.get(1), e.size(2));
      require("position", position, position.size(0), e.size(2));
      if (e.size(1) > position.size(0)) {
        throw new IllegalArgumentException(
            opName() + ": sequence of " + e.size(1) + " positions, expected at most " + position.size(0));
      }
      return new long[][] {e.shape()};
    }

    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      ShiftPosition.forward(x[0], x[1], x[2], y[0], size(in[0], 0), size(in[0], 1), size(in[0], 2));
    }

    @Override
    public List<SDVariable> doDiff(List<SDVariable> gradients) {
      return List.of(new Gradient().in(sameDiff, gradients.get(0), arg(2)));
    }

    /** (dOut, position) to (de, dStart, dPosition); of the positions only the shape is used. */
    @Op(name = "tarflow_shift_position_bp", outputs = 3)
    public static final class Gradient extends FusedOp {
      @Override
      protected long[][] outputShapes(List<INDArray> inputs) {
        INDArray dOut = inputs.get(0);
        return new long[][] {dOut.shape(), {dOut.size(2)}, inputs.get(1).shape()};
      }

      @Override
      void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
        ShiftPosition.backward(x[0], y[0], y[1], y[2], size(in[0], 0), size(in[0], 1), size(in[1], 0), size(in[0], 2));
      }
    }
  }

  /** Layer norm over the last dimension: (x [.., width], gain [width], bias [width]) to [.., width]. FLOAT only; see {@link LayerNorm}. */
  @Op(name = "tarflow_layer_norm", gradient = LayerNormOp.Gradient.class, gradientReads = 2)
  public static final class LayerNormOp extends FusedOp {
    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      INDArray x = inputs.get(0);
      require("gain", inputs.get(1), x.size(-1));
      require("bias", inputs.get(2), x.size(-1));
      return new long[][] {x.shape()};
    }

    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      LayerNorm.forward(x[0], x[1], x[2], y[0], rows(in[0]), size(in[0], -1));
    }

    /** (x, gain, dy) to (dx, dGain, dBias). */
    @Op(name = "tarflow_layer_norm_bp", outputs = 3)
    public static final class Gradient extends FusedOp {
      @Override
      protected long[][] outputShapes(List<INDArray> inputs) {
        long[] width = inputs.get(1).shape();
        return new long[][] {inputs.get(0).shape(), width, width};
      }

      @Override
      void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
        LayerNorm.backward(x[0], x[1], x[2], y[0], y[1], y[2], rows(in[0]), size(in[0], -1));
      }
    }
  }

  /**
   * Causal self-attention: (qkv [batch, time, 3 width]) to [batch, time, width] and what the gradient wants of the softmax,
   * [batch, heads, time]. FLOAT only; see {@link CausalAttention}.
   */
  @Op(name = "tarflow_causal_attention", outputs = 2)
  public static final class CausalAttentionOp extends FusedOp {
    public CausalAttentionOp() {}

    public CausalAttentionOp(int heads) {
      addIArgument(heads);
    }

    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      INDArray qkv = inputs.get(0);
      requireRank("qkv", qkv, 3);
      if (argument(0) < 1 || qkv.size(2) % (3L * argument(0)) != 0) {
        throw new IllegalArgumentException(
            opName() + ": qkv is " + qkv.size(2) + " wide, expected a multiple of 3 x " + argument(0) + " heads");
      }
      return new long[][] {withLast(qkv, qkv.size(2) / 3), {qkv.size(0), argument(0), qkv.size(1)}};
    }

    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      CausalAttention.forward(x[0], y[0], y[1], size(in[0], 0), size(in[0], 1), size(in[0], 2) / 3, argument(0));
    }

    @Override
    public List<SDVariable> doDiff(List<SDVariable> gradients) {
      return List.of(new Gradient(argument(0)).in(sameDiff, arg(0), outputVariables()[1], gradients.get(0)));
    }

    /** (qkv, log-sums, dOut) to dQkv. */
    @Op(name = "tarflow_causal_attention_bp")
    public static final class Gradient extends FusedOp {
      public Gradient() {}

      Gradient(int heads) {
        addIArgument(heads);
      }

      @Override
      void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
        CausalAttention.backward(x[0], x[1], x[2], y[0], size(in[0], 0), size(in[0], 1), size(in[0], 2) / 3, argument(0));
      }
    }
  }

  /** Cross-entropy in nats per token: (logits [.., vocabulary], ids INT [..]) to [..]. FLOAT only; see {@link CrossEntropy}. */
  @Op(name = "tarflow_cross_entropy")
  public static final class CrossEntropyOp extends FusedOp {
    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      long[] shape = leading(inputs.get(0).shape());
      require("ids", inputs.get(1), shape);
      return new long[][] {shape};
    }

    @Override
    void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
      CrossEntropy.forward(x[0], Tensors.ints(in[1]), y[0], rows(in[0]), size(in[0], -1));
    }

    @Override
    public List<SDVariable> doDiff(List<SDVariable> gradients) {
      SDVariable dLogits = new Gradient().in(sameDiff, arg(0), gradients.get(0), arg(1))[0];
      return List.of(dLogits, sameDiff.zerosLike(arg(1)));
    }

    /** (logits, dLoss, ids) to dLogits. */
    @Op(name = "tarflow_cross_entropy_bp")
    public static final class Gradient extends FusedOp {
      @Override
      void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
        CrossEntropy.backward(x[0], Tensors.ints(in[2]), x[1], y[0], rows(in[0]), size(in[0], -1));
      }
    }
  }
}
