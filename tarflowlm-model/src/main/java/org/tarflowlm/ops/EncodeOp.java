package org.tarflowlm.ops;

import java.util.Arrays;
import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.coupling.Codebook;
import org.tarflowlm.coupling.Components;

/**
 * {@link Codebook#encode}, position by position: (noise [.., d], means [V, d], logScales [V], ids [..] INT) to
 * z = mu_id + sigma_id noise [.., d]. The ids get a gradient of zeros.
 */
@Op(name = EncodeOp.NAME)
public final class EncodeOp extends JavaOp {
  static final String NAME = "tarflow_encode";

  public EncodeOp() {}

  public EncodeOp(SameDiff sd, SDVariable noise, SDVariable means, SDVariable logScales, SDVariable ids) {
    super(sd, new SDVariable[] {noise, means, logScales, ids});
  }

  public EncodeOp(INDArray noise, INDArray means, INDArray logScales, INDArray ids) {
    super(new INDArray[] {noise, means, logScales, ids});
  }

  @Override
  protected long[][] outputShapes(List<INDArray> inputs) {
    long[] noise = inputs.get(0).shape();
    Shapes.requireComponents(NAME, inputs, 1);
    Shapes.require(NAME, "ids", inputs.get(3), Shapes.leading(noise));
    return new long[][] {noise};
  }

  @Override
  protected void run(List<INDArray> inputs, List<INDArray> outputs) {
    RowBlock block = RowBlock.ofThread();
    Components codes = SharedComponents.read(Tensors.dense(inputs.get(1)), Tensors.dense(inputs.get(2)));
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
        throw new IllegalArgumentException(NAME + ": expected token ids of 0 to " + (vocabulary - 1) + ", found " + id);
      }
    }
    return ids;
  }

  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    SDVariable[] g = new Gradient(sameDiff, arg(0), arg(1), arg(2), gradients.get(0), arg(3)).outputVariables();
    return List.of(g[0], g[1], g[2], sameDiff.zerosLike(arg(3)));
  }

  /** (noise, means, logScales, dL/dz, ids) to the gradients of the first three. */
  @Op(name = EncodeOp.NAME + "_bp", outputs = 3)
  public static final class Gradient extends JavaOp {
    public Gradient() {}

    Gradient(SameDiff sd, SDVariable... inputs) {
      super(sd, inputs);
    }

    @Override
    protected void run(List<INDArray> inputs, List<INDArray> outputs) {
      RowBlock block = RowBlock.ofThread();
      Components codes = SharedComponents.read(Tensors.dense(inputs.get(1)), Tensors.dense(inputs.get(2)));
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
