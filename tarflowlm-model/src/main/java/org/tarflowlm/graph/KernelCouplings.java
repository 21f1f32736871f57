package org.tarflowlm.graph;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.tarflowlm.ops.AffineOps.AffineLogDensityOp;
import org.tarflowlm.ops.AffineOps.AffineOp;
import org.tarflowlm.ops.AffineOps.BoundLogScalesOp;
import org.tarflowlm.ops.CodebookOps.EncodeOp;
import org.tarflowlm.ops.CodebookOps.VaeTermOp;
import org.tarflowlm.ops.MixtureCdfOps.MixtureCdfLogDensityOp;
import org.tarflowlm.ops.MixtureCdfOps.MixtureCdfOp;
import org.tarflowlm.ops.RosenblattOps.MomentMatchedOp;
import org.tarflowlm.ops.RosenblattOps.RosenblattLogDensityOp;
import org.tarflowlm.ops.RosenblattOps.RosenblattOp;

/**
 * The couplings as Java kernels, on the CPU. A DOUBLE graph computes in double precision. A FLOAT graph computes mixtures over many rows in
 * single precision and the rest in double.
 */
record KernelCouplings(SameDiff sd) implements Couplings {
  @Override
  public Coupled affine(SDVariable x, SDVariable theta) {
    return coupled(new AffineOp().in(sd, x, theta));
  }

  @Override
  public SDVariable affineLogDensity(SDVariable x, SDVariable theta) {
    return new AffineLogDensityOp().in(sd, x, theta)[0];
  }

  @Override
  public Coupled mixtureCdf(SDVariable x, SDVariable theta, int k) {
    return coupled(new MixtureCdfOp().in(sd, x, theta));
  }

  @Override
  public SDVariable mixtureCdfLogDensity(SDVariable x, SDVariable theta, int k) {
    return new MixtureCdfLogDensityOp().in(sd, x, theta)[0];
  }

  @Override
  public Coupled rosenblatt(SDVariable z, SDVariable logits, Matrix means, SDVariable logScales) {
    return coupled(new RosenblattOp().in(sd, z, logits, means.value(), logScales));
  }

  @Override
  public SDVariable rosenblattLogDensity(SDVariable z, SDVariable logits, Matrix means, SDVariable logScales) {
    return new RosenblattLogDensityOp().in(sd, z, logits, means.value(), logScales)[0];
  }

  @Override
  public Coupled momentMatched(SDVariable z, SDVariable logits, SDVariable means, SDVariable logScales) {
    return coupled(new MomentMatchedOp().in(sd, z, logits, means, logScales));
  }

  @Override
  public SDVariable boundLogScales(SDVariable raw, int outputs, int k, double bound) {
    return new BoundLogScalesOp(outputs, k, bound).in(sd, raw)[0];
  }

  @Override
  public SDVariable encode(SDVariable ids, SDVariable noise, SDVariable means, SDVariable logScales) {
    return new EncodeOp().in(sd, noise, means, logScales, ids)[0];
  }

  @Override
  public SDVariable vaeTerm(SDVariable z, SDVariable means, SDVariable logScales) {
    return new VaeTermOp().in(sd, z, means, logScales)[0];
  }

  private static Coupled coupled(SDVariable[] outputs) {
    return new Coupled(outputs[0], outputs[1]);
  }
}
