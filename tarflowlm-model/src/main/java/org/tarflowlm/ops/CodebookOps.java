package org.tarflowlm.ops;

import java.util.Arrays;
import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.coupling.Codebook;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.batch.CodebookBatch;
import org.tarflowlm.coupling.near.CodebookNear;

/** {@link Codebook} as ops: encoding, the VAE term, and their gradients. */
public final class CodebookOps {
  private CodebookOps() {}

  /**
   * {@link Codebook#encode}, position by position: (noise [.., d], means [V, d], logScales [V], ids [..] INT) to
   * z = mu_id + sigma_id noise [.., d]. The ids get a gradient of zeros.
   */
  @Op(name = "tarflow_encode")
  public static final class EncodeOp extends JavaOp {
    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      long[] noise = inputs.get(0).shape();
      requireComponents(inputs, 1);
      require("ids", inputs.get(3), leading(noise));
      return new long[][] {noise};
    }

    @Override
    protected void run(List<INDArray> inputs, List<INDArray> outputs) {
      RowBlock block = RowBlock.ofThread();
      Components codes = RowBlock.readComponents(Tensors.dense(inputs.get(1)), Tensors.dense(inputs.get(2)));
      double[] noise = readWhole(inputs.get(0), block, 0);
      int[] ids = ids(inputs.get(3), codes.count());
      int dims = codes.dims();
      block.out[0] = RowBlock.atLeast(block.out[0], ids.length * dims);
      for (int i = 0; i < ids.length; i++) {
        Codebook.encode(ids[i], noise, i * dims, codes, block.out[0], i * dims);
      }
      Tensors.write(block.out[0], ids.length * dims, outputs.get(0), 0);
    }

    private static double[] readWhole(INDArray array, RowBlock block, int slot) {
      int length = Math.toIntExact(array.length());
      block.in[slot] = RowBlock.atLeast(block.in[slot], length);
      Tensors.read(Tensors.dense(array), 0, block.in[slot], length);
      return block.in[slot];
    }

    private static int[] ids(INDArray array, int vocabulary) {
      int[] ids = Tensors.ints(array);
      for (int id : ids) {
        if (id < 0 || id >= vocabulary) {
          throw new IllegalArgumentException("tarflow_encode: expected token ids of 0 to " + (vocabulary - 1) + ", found " + id);
        }
      }
      return ids;
    }

    @Override
    public List<SDVariable> doDiff(List<SDVariable> gradients) {
      SDVariable[] g = new Gradient().in(sameDiff, arg(0), arg(1), arg(2), gradients.get(0), arg(3));
      return List.of(g[0], g[1], g[2], sameDiff.zerosLike(arg(3)));
    }

    /** (noise, means, logScales, dL/dz, ids) to the gradients of the first three. */
    @Op(name = "tarflow_encode_bp", outputs = 3)
    public static final class Gradient extends JavaOp {
      @Override
      protected void run(List<INDArray> inputs, List<INDArray> outputs) {
        RowBlock block = RowBlock.ofThread();
        Components codes = RowBlock.readComponents(Tensors.dense(inputs.get(1)), Tensors.dense(inputs.get(2)));
        double[] noise = readWhole(inputs.get(0), block, 0);
        double[] dz = readWhole(inputs.get(3), block, 1);
        int[] ids = ids(inputs.get(4), codes.count());
        int dims = codes.dims();
        int cells = codes.count() * dims;
        double[] dNoise = block.out[0] = RowBlock.atLeast(block.out[0], ids.length * dims);
        double[] dMeans = block.dMeans = RowBlock.atLeast(block.dMeans, cells);
        double[] dLogScales = block.dLogScales = RowBlock.atLeast(block.dLogScales, codes.count());
        Arrays.fill(dMeans, 0, cells, 0.0);
        Arrays.fill(dLogScales, 0, codes.count(), 0.0);
        for (int i = 0; i < ids.length; i++) {
          Codebook.encodeGradient(ids[i], noise, dz, i * dims, codes, dNoise, dMeans, dLogScales);
        }
        double[] byComponent = block.partialSums(cells);
        Components.transpose(dMeans, 0, codes.count(), dims, byComponent);
        Tensors.write(dNoise, ids.length * dims, outputs.get(0), 0);
        Tensors.write(byComponent, cells, outputs.get(1), 0);
        Tensors.write(dLogScales, codes.count(), outputs.get(2), 0);
      }
    }
  }

  /**
   * {@link Codebook#vaeTerm}, position by position: (z [.., d], means [V, d], logScales [V]) to
   * log p(x | z) - log q(z | x) [..], nats.
   */
  @Op(name = "tarflow_vae_term", sharedMeans = 1, gradient = VaeTermOp.Gradient.class)
  public static final class VaeTermOp extends RowsOp implements RowsOp.FloatRows {
    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      requireComponents(inputs, 1);
      return new long[][] {leading(inputs.get(0).shape())};
    }

    @Override
    protected void rows(RowBlock block) {
      for (int i = 0; i < block.count; i++) {
        block.out[0][i] = Codebook.vaeTerm(block.in[0], i * block.inWidth[0], block.components, block.workspace);
      }
    }

    @Override
    public void floatRows(RowBlock block) {
      if (block.manyComponents()) {
        CodebookNear.vaeTerm(block.floatIn[0], block.count, block.components, block.floatOut[0], block.near);
      } else {
        CodebookBatch.vaeTerm(block.floatIn[0], block.count, block.components, block.floatOut[0], block.batch);
      }
    }

    /** (z, means, logScales, dL/dterm) to the gradients of the first three. */
    @Op(name = "tarflow_vae_term_bp", outputs = 3, sharedMeans = 1, sharedGradients = true)
    public static final class Gradient extends RowsOp implements RowsOp.FloatRows {
      @Override
      protected void rows(RowBlock block) {
        int dims = block.inWidth[0];
        for (int i = 0; i < block.count; i++) {
          Codebook.vaeTermGradient(block.in[0], i * dims, block.components, block.in[3][i],
              block.out[0], i * dims, block.dMeans, block.dLogScales, block.workspace);
        }
      }

      @Override
      public void floatRows(RowBlock block) {
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
