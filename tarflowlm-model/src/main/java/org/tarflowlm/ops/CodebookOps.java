package org.tarflowlm.ops;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.coupling.Codebook;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.batch.CodebookBatch;
import org.tarflowlm.coupling.near.CodebookNear;

/** {@link Codebook} (paper section 3.1) as ops: encoding, the VAE term, and their gradients. */
public final class CodebookOps {
  private static final String COMPONENTS = "component means [V, d], component log-scales [V]";

  private CodebookOps() {}

  /** {@link Codebook#encode} for every position: z = mu_id + sigma_id noise. The gradient of the ids, which are whole numbers, is zero. */
  @Op(name = "tarflow_encode", in = "noise [.., d], " + COMPONENTS + ", ids [..]", out = "z [.., d]", gradient = EncodeOp.Gradient.class)
  public static final class EncodeOp extends JavaOp {
    @Override
    protected void run(List<INDArray> inputs, List<INDArray> outputs) {
      Components codes = SharedComponents.of(inputs.get(1), inputs.get(2));
      double[] noise = Tensors.doubles(inputs.get(0));
      int[] ids = ids(inputs.get(3), codes.count());
      double[] z = new double[noise.length];
      for (int i = 0; i < ids.length; i++) {
        Codebook.encode(ids[i], noise, i * codes.dims(), codes, z, i * codes.dims());
      }
      Tensors.write(z, z.length, outputs.get(0), 0);
    }

    private static int[] ids(INDArray array, int vocabulary) {
      int[] ids = Tensors.ints(array);
      for (int id : ids) {
        if (id < 0 || id >= vocabulary) {
          throw new IllegalArgumentException("tarflow_encode: token id is " + id + "; expected 0 to " + (vocabulary - 1));
        }
      }
      return ids;
    }

    /** The gradient. */
    @Op(name = "tarflow_encode_bp", in = "noise [.., d], " + COMPONENTS + ", dz [.., d], ids [..]",
        out = "dNoise [.., d], dMeans [V, d], dLogScales [V]")
    public static final class Gradient extends JavaOp {
      @Override
      protected void run(List<INDArray> inputs, List<INDArray> outputs) {
        Components codes = SharedComponents.of(inputs.get(1), inputs.get(2));
        double[] noise = Tensors.doubles(inputs.get(0));
        double[] dz = Tensors.doubles(inputs.get(3));
        int[] ids = ids(inputs.get(4), codes.count());
        double[] dNoise = new double[noise.length];
        double[] dMeans = new double[codes.count() * codes.dims()];
        double[] dLogScales = new double[codes.count()];
        for (int i = 0; i < ids.length; i++) {
          Codebook.encodeGradient(ids[i], noise, dz, i * codes.dims(), codes, dNoise, dMeans, dLogScales);
        }
        double[] byComponent = new double[dMeans.length];
        Components.transpose(dMeans, 0, codes.count(), codes.dims(), byComponent);
        Tensors.write(dNoise, dNoise.length, outputs.get(0), 0);
        Tensors.write(byComponent, byComponent.length, outputs.get(1), 0);
        Tensors.write(dLogScales, dLogScales.length, outputs.get(2), 0);
      }
    }
  }

  /** {@link Codebook#vaeTerm}: log p(x | z) - log q(z | x) for every position, in nats. */
  @Op(name = "tarflow_vae_term", in = "z [.., d], " + COMPONENTS, out = "term [..]", gradient = VaeTermOp.Gradient.class)
  public static final class VaeTermOp extends RowsOp implements RowsOp.FloatRows {
    @Override
    protected void rows(Block block) {
      for (int i = 0; i < block.count; i++) {
        block.out[0][i] = Codebook.vaeTerm(block.in[0], i * block.inWidth[0], block.components, block.workspace);
      }
    }

    @Override
    public void floatRows(Block block) {
      if (block.manyComponents()) {
        CodebookNear.vaeTerm(block.floatIn[0], block.count, block.components, block.floatOut[0], block.near);
      } else {
        CodebookBatch.vaeTerm(block.floatIn[0], block.count, block.components, block.floatOut[0], block.batch);
      }
    }

    /** The gradient. */
    @Op(name = "tarflow_vae_term_bp", in = "z [.., d], " + COMPONENTS + ", dTerm [..]",
        out = "dz [.., d], dMeans [V, d], dLogScales [V]")
    public static final class Gradient extends RowsOp implements RowsOp.FloatRows {
      @Override
      protected void rows(Block block) {
        int dims = block.inWidth[0];
        for (int i = 0; i < block.count; i++) {
          Codebook.vaeTermGradient(block.in[0], i * dims, block.components, block.in[3][i],
              block.out[0], i * dims, block.dMeans, block.dLogScales, block.workspace);
        }
      }

      @Override
      public void floatRows(Block block) {
        if (block.manyComponents()) {
          CodebookNear.vaeTermGradient(block.floatIn[0], block.count, block.components, block.floatIn[3],
              block.floatOut[0], block.dMeans, block.dLogScales, block.near);
        } else {
          CodebookBatch.vaeTermGradient(block.floatIn[0], block.count, block.components, block.floatIn[3],
              block.floatOut[0], block.dMeans, block.dLogScales, block.batch);
        }
      }
    }
  }
}
