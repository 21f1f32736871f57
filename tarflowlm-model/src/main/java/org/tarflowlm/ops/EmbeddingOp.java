package org.tarflowlm.ops;

import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.kernel.Embedding;

/** Token embedding: (table [vocabulary, width], ids INT [..]) to [.., width]. FLOAT only; see {@link Embedding}. */
@Op(name = "tarflow_embedding")
public final class EmbeddingOp extends FusedOp {
  public EmbeddingOp() {}

  public EmbeddingOp(SameDiff sd, SDVariable table, SDVariable ids) {
    super(sd, new SDVariable[] {table, ids});
  }

  @Override
  protected long[][] outputShapes(List<INDArray> inputs) {
    requireRank("table", inputs.get(0), 2);
    long[] ids = inputs.get(1).shape();
    long[] shape = Arrays.copyOf(ids, ids.length + 1);
    shape[ids.length] = inputs.get(0).size(1);
    return new long[][] {shape};
  }

  @Override
  void kernel(INDArray[] in, FloatPointer[] x, FloatPointer[] y) {
    Embedding.forward(x[0], Tensors.ints(in[1]), y[0], size(in[0], 0), size(in[0], 1));
  }

  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    SDVariable dTable = new Gradient(sameDiff, gradients.get(0), arg(0), arg(1)).outputVariable();
    return List.of(dTable, sameDiff.zerosLike(arg(1)));
  }

  /** (dOut, table, ids) to dTable; of the table only the shape is used. */
  @Op(name = "tarflow_embedding_bp")
  public static final class Gradient extends FusedOp {
    public Gradient() {}

    Gradient(SameDiff sd, SDVariable dOut, SDVariable table, SDVariable ids) {
      super(sd, new SDVariable[] {dOut, table, ids});
    }

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
