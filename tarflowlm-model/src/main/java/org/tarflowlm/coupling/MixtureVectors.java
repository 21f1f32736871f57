package org.tarflowlm.coupling;

import static org.tarflowlm.coupling.LaneMath.INVERSE_SQRT_2PI;
import static org.tarflowlm.coupling.LaneMath.LOG2_E;
import static org.tarflowlm.coupling.LaneMath.LOWEST_POWER;
import static org.tarflowlm.coupling.LaneMath.MANTISSA_BITS;
import static org.tarflowlm.coupling.LaneMath.ROUNDER;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link MixtureLoops} with the Vector API. A stripe of rows, one vector, goes through all components with its sums in registers.
 * Methods are small because the compiler stops inlining in large ones, and a vector that crosses a call becomes an object.
 *
 * <p>Compiled apart from the rest, with the module; nothing names this class but {@link MixtureLoops#find}.
 */
final class MixtureVectors implements MixtureLoops {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = SPECIES.length();

  MixtureVectors() {}

  @Override
  public int lanes() {
    return LANES;
  }

  @Override
  public void evaluate(MixtureLanes m, LaneWorkspace w, boolean tails, int k, int pitch) {
    for (int i = 0; i < pitch; i += LANES) {
      weights(m.weight, w.row[2], k, pitch, i);
      inverseScales(w.inverseScale, w.row[1], k, pitch, i);
      densities(m, w, k, pitch, i);
      if (tails) {
        tails(m, w.inverseScale, k, pitch, i);
      }
      FloatVector factor = FloatVector.broadcast(SPECIES, 1f).div(FloatVector.fromArray(SPECIES, w.row[2], i));
      factor.intoArray(w.row[4], i);
      scale(m.density, factor, i);
      if (tails) {
        scale(m.tail, factor, i);
        scale(m.lower, factor, i);
      }
    }
  }

  private static void weights(float[] logit, float[] sums, int k, int pitch, int i) {
    FloatVector sum = FloatVector.zero(SPECIES);
    for (int j = 0, at = i; j < k; j++, at += pitch) {
      FloatVector weight = powerOfTwo(FloatVector.fromArray(SPECIES, logit, at).mul(LOG2_E));
      weight.intoArray(logit, at);
      sum = sum.add(weight);
    }
    sum.intoArray(sums, i);
  }

  private static void inverseScales(float[] logScale, float[] largest, int k, int pitch, int i) {
    FloatVector max = FloatVector.zero(SPECIES);
    for (int j = 0, at = i; j < k; j++, at += pitch) {
      FloatVector inverse = powerOfTwo(FloatVector.fromArray(SPECIES, logScale, at).mul(-LOG2_E));
      inverse.intoArray(logScale, at);
      max = max.max(inverse);
    }
    max.intoArray(largest, i);
  }

  private static void densities(MixtureLanes m, LaneWorkspace w, int k, int pitch, int i) {
    FloatVector z = FloatVector.fromArray(SPECIES, w.row[0], i);
    FloatVector density = FloatVector.zero(SPECIES);
    for (int j = 0, at = i; j < k; j++, at += pitch) {
      FloatVector inverse = FloatVector.fromArray(SPECIES, w.inverseScale, at);
      FloatVector offset = z.sub(FloatVector.fromArray(SPECIES, w.mean, at));
      FloatVector x = offset.mul(inverse);
      FloatVector mass = powerOfTwo(x.mul(x).mul(-0.5f * LOG2_E)).mul(FloatVector.fromArray(SPECIES, m.weight, at));
      FloatVector joint = mass.mul(inverse);
      offset.intoArray(m.offset, at);
      mass.intoArray(m.below, at);
      joint.intoArray(m.joint, at);
      density = density.add(joint);
    }
    density.intoArray(m.density, i);
  }

  /** From the masses in {@code m.below}. */
  private static void tails(MixtureLanes m, float[] inverseScale, int k, int pitch, int i) {
    FloatVector zero = FloatVector.zero(SPECIES);
    FloatVector sumBelow = zero;
    FloatVector sumAbove = zero;
    for (int j = 0, at = i; j < k; j++, at += pitch) {
      FloatVector x = FloatVector.fromArray(SPECIES, m.offset, at).mul(FloatVector.fromArray(SPECIES, inverseScale, at));
      FloatVector small = FloatVector.fromArray(SPECIES, m.below, at).mul(INVERSE_SQRT_2PI).mul(mills(x.abs()));
      FloatVector large = FloatVector.fromArray(SPECIES, m.weight, at).sub(small);
      var positive = x.compare(VectorOperators.GE, zero);
      FloatVector below = small.blend(large, positive);
      FloatVector above = large.blend(small, positive);
      below.intoArray(m.below, at);
      above.intoArray(m.above, at);
      sumBelow = sumBelow.add(below);
      sumAbove = sumAbove.add(above);
    }
    sumBelow.intoArray(m.tail, i);
    sumAbove.intoArray(m.lower, i);
  }

  private static void scale(float[] x, FloatVector factor, int i) {
    FloatVector.fromArray(SPECIES, x, i).mul(factor).intoArray(x, i);
  }

  @Override
  public void prepareGradient(MixtureLanes m, LaneWorkspace w, boolean tails, int k, int pitch) {
    for (int i = 0; i < pitch; i += LANES) {
      posterior(m, w, k, pitch, i);
      if (tails) {
        tilt(m, w, k, pitch, i);
      }
    }
  }

  private static void posterior(MixtureLanes m, LaneWorkspace w, int k, int pitch, int i) {
    FloatVector factor = FloatVector.fromArray(SPECIES, w.row[4], i);
    FloatVector posteriorFactor = factor.div(FloatVector.fromArray(SPECIES, m.density, i));
    FloatVector curvature = FloatVector.fromArray(SPECIES, w.row[3], i);
    for (int j = 0, at = i; j < k; j++, at += pitch) {
      FloatVector inverse = FloatVector.fromArray(SPECIES, w.inverseScale, at);
      FloatVector.fromArray(SPECIES, m.weight, at).mul(factor).intoArray(m.weight, at);
      FloatVector.fromArray(SPECIES, m.joint, at).mul(posteriorFactor).intoArray(m.joint, at);
      FloatVector.fromArray(SPECIES, m.offset, at).mul(inverse).mul(inverse).sub(curvature).intoArray(w.curve, at);
    }
  }

  /** With the final weights. */
  private static void tilt(MixtureLanes m, LaneWorkspace w, int k, int pitch, int i) {
    FloatVector factor = FloatVector.fromArray(SPECIES, w.row[4], i);
    FloatVector ofBelow = FloatVector.fromArray(SPECIES, w.row[0], i).mul(factor);
    FloatVector ofAbove = FloatVector.fromArray(SPECIES, w.row[1], i).mul(factor);
    FloatVector signedMills = FloatVector.fromArray(SPECIES, w.row[2], i);
    for (int j = 0, at = i; j < k; j++, at += pitch) {
      FloatVector shares = FloatVector.fromArray(SPECIES, m.below, at).mul(ofBelow)
          .add(FloatVector.fromArray(SPECIES, m.above, at).mul(ofAbove));
      shares.sub(FloatVector.fromArray(SPECIES, m.weight, at).mul(signedMills)).intoArray(w.tilt, at);
    }
  }

  @Override
  public void gradient(MixtureLanes m, LaneWorkspace w, boolean tails, int k, int pitch) {
    for (int i = 0; i < pitch; i += LANES) {
      FloatVector b = FloatVector.fromArray(SPECIES, w.row[1], i);
      FloatVector slope = tails ? FloatVector.fromArray(SPECIES, w.row[2], i) : FloatVector.zero(SPECIES);
      components(m, w, k, pitch, i, b, slope);
      if (tails) {
        addTilt(w, k, pitch, i);
      }
    }
  }

  private static void components(MixtureLanes m, LaneWorkspace w, int k, int pitch, int i, FloatVector b, FloatVector slope) {
    FloatVector sum = FloatVector.zero(SPECIES);
    for (int j = 0, at = i; j < k; j++, at += pitch) {
      FloatVector posterior = FloatVector.fromArray(SPECIES, m.joint, at);
      FloatVector dMean = FloatVector.fromArray(SPECIES, w.curve, at).mul(b).sub(slope).mul(posterior);
      FloatVector weighed = posterior.mul(b);
      dMean.intoArray(w.dMean, at);
      dMean.mul(FloatVector.fromArray(SPECIES, m.offset, at)).sub(weighed).intoArray(w.dLogScale, at);
      weighed.sub(FloatVector.fromArray(SPECIES, m.weight, at).mul(b)).intoArray(w.dWeight, at);
      sum = sum.add(dMean);
    }
    sum.intoArray(w.row[3], i);
  }

  private static void addTilt(LaneWorkspace w, int k, int pitch, int i) {
    FloatVector g = FloatVector.fromArray(SPECIES, w.row[0], i);
    for (int j = 0, at = i; j < k; j++, at += pitch) {
      FloatVector.fromArray(SPECIES, w.tilt, at).mul(g).add(FloatVector.fromArray(SPECIES, w.dWeight, at)).intoArray(w.dWeight, at);
    }
  }

  /** 2^v, v cut as {@link LaneMath#exp} does. */
  private static FloatVector powerOfTwo(FloatVector v) {
    FloatVector cut = v.max(LOWEST_POWER).min(-LOWEST_POWER);
    FloatVector step = cut.add(ROUNDER);
    FloatVector r = cut.sub(step.sub(ROUNDER));
    FloatVector p = r.mul(LaneMath.POWER_5).add(LaneMath.POWER_4);
    p = p.mul(r).add(LaneMath.POWER_3);
    p = p.mul(r).add(LaneMath.POWER_2);
    p = p.mul(r).add(LaneMath.POWER_1);
    p = p.mul(r).add(1f);
    IntVector exponent = step.reinterpretAsInts().lanewise(VectorOperators.LSHL, MANTISSA_BITS);
    return p.reinterpretAsInts().add(exponent).reinterpretAsFloats();
  }

  /** R(t), t not negative. */
  private static FloatVector mills(FloatVector t) {
    FloatVector p = t.mul(LaneMath.MILLS_ABOVE_4).add(LaneMath.MILLS_ABOVE_3);
    p = p.mul(t).add(LaneMath.MILLS_ABOVE_2);
    p = p.mul(t).add(LaneMath.MILLS_ABOVE_1);
    p = p.mul(t).add(LaneMath.MILLS_ABOVE_0);
    FloatVector q = t.mul(LaneMath.MILLS_BELOW_5).add(LaneMath.MILLS_BELOW_4);
    q = q.mul(t).add(LaneMath.MILLS_BELOW_3);
    q = q.mul(t).add(LaneMath.MILLS_BELOW_2);
    q = q.mul(t).add(LaneMath.MILLS_BELOW_1);
    return p.div(q.mul(t).add(1f));
  }
}
