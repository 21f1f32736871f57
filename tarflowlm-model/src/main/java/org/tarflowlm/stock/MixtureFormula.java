package org.tarflowlm.stock;

import java.util.ArrayList;
import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The sums of {@link MixtureTerms} and their gradient, computed in slices of the components. Axes are [levels or d, R, components], with R
 * rows.
 */
final class MixtureFormula {
  private final SameDiff sd;
  private final int dims;
  private final int count;
  private final int slices;
  private final boolean own;
  private final boolean tails;
  private final int levels;
  private final SDVariable z;          // [d, R, 1]
  private final SDVariable means;      // [d, K] shared, or [R, K] per row
  private final SDVariable logScales;  // [K] or [R, K]
  private final SDVariable logits;     // [R, K]
  private final SDVariable before;     // [levels, d]: 1 where a level includes a dimension

  MixtureFormula(SameDiff sd, MixtureTerms op, SDVariable z, SDVariable means, SDVariable logScales, SDVariable logits) {
    this.sd = sd;
    this.dims = op.argument(MixtureTerms.DIMS);
    this.count = op.argument(MixtureTerms.COUNT);
    this.slices = op.argument(MixtureTerms.SLICES);
    this.own = op.has(MixtureTerms.OWN);
    this.tails = op.has(MixtureTerms.TAILS);
    this.levels = tails ? dims + 1 : logits == null ? 1 : 2;
    this.z = z.permute(1, 0).reshape(dims, -1, 1);
    this.means = own ? means : means.permute(1, 0);
    this.logScales = logScales;
    this.logits = logits;
    this.before = sd.constant(before(z.dataType(), levels));
  }

  /** The first {@code rows} rows of the matrix. */
  private INDArray before(DataType type, int rows) {
    INDArray result = Nd4j.zeros(type, rows, dims);
    for (int level = 0; level < rows; level++) {
      int taken = tails ? level : level == levels - 1 ? dims : 0;
      for (int i = 0; i < taken; i++) {
        result.putScalar(level, i, 1.0);
      }
    }
    return result;
  }

  /** Number of sums per row: the levels' normalisers and two tails per dimension. */
  private int sums() {
    return levels + (tails ? 2 * dims : 0);
  }

  /** {the op's output [R, d + 1 or 1], sums to keep for the gradient [.., R], signs [R, d]}. */
  SDVariable[] value() {
    SDVariable[] parts = new SDVariable[slices];
    SDVariable after = null;
    for (int c = 0; c < slices; c++) {
      parts[c] = sums(new Slice(c, after));
      after = oneRow(parts[c], sums());
    }
    int rows = sums();
    SDVariable sums = parts[0];
    if (slices > 1) {
      for (int c = 0; c < slices; c++) {
        parts[c] = parts[c].reshape(1, rows, -1);
      }
      sums = logSumExp(sd.concat(0, parts), 0).reshape(rows, -1);
    }
    SDVariable normalizers = MixtureTerms.rows(sums, rows, 0, levels);
    SDVariable density = logits == null ? normalizers
        : MixtureTerms.rows(sums, rows, levels - 1, levels).sub(MixtureTerms.rows(sums, rows, 0, 1));
    if (!tails) {
      return new SDVariable[] {density.permute(1, 0), normalizers, null};
    }
    SDVariable lower = MixtureTerms.rows(sums, rows, levels, levels + dims);
    SDVariable upper = MixtureTerms.rows(sums, rows, levels + dims, rows);
    SDVariable signs = sd.lte(lower, upper).castTo(sums.dataType()).mul(2.0).sub(1.0);
    SDVariable smaller = sd.min(lower, upper);
    SDVariable value = sd.concat(0, smaller.sub(MixtureTerms.rows(sums, rows, 0, dims)), density);
    return new SDVariable[] {value.permute(1, 0), sd.concat(0, normalizers, smaller, signs), signs.permute(1, 0)};
  }

  /** The levels' normalisers and, with tails, the sums with Phi(x) and those with Phi(-x): [levels or levels + 2d, R]. */
  private SDVariable sums(Slice slice) {
    SDVariable normalizers = logSumExp(slice.level, 2).reshape(levels, -1);
    if (!tails) {
      return normalizers;
    }
    SDVariable weights = first(slice.level, dims);
    SDVariable[] cdfs = NormalTail.logCdfs(slice.x, slice.halfSquare);
    return sd.concat(0, normalizers, logSumExp(weights.add(cdfs[0]), 2).reshape(dims, -1),
        logSumExp(weights.add(cdfs[1]), 2).reshape(dims, -1));
  }

  /** Gradients of z, means, log-scales and, if there are any, logits. */
  SDVariable[] gradient(SDVariable dValue, SDVariable remembered) {
    SDVariable g = dValue.permute(1, 0);                                                     // [d + 1 or 1, R]
    SDVariable normalizers = MixtureTerms.rows(remembered, sums(), 0, levels).reshape(levels, -1, 1);
    SDVariable dNormalizers = sd.constant(ofValue(dValue.dataType())).mmul(g).reshape(levels, -1, 1);
    Tails side = tails ? new Tails(g, remembered) : null;
    SDVariable dz = null;
    SDVariable[] dMeans = new SDVariable[slices];
    SDVariable[] dLogScales = new SDVariable[slices];
    SDVariable[] dLogits = new SDVariable[slices];
    SDVariable after = oneRow(g, tails ? dims + 1 : 1); // otherwise this would already run in the forward pass
    for (int c = 0; c < slices; c++) {
      Slice slice = new Slice(c, after);
      SDVariable dLevel = NormalTail.exp(slice.level.sub(normalizers)).mul(dNormalizers);
      SDVariable dSquare = slice.product(before, dLevel, levels).neg();                      // of x^2/2 + log s
      SDVariable dx = null;
      dLogits[c] = dLevel.sum(0);
      if (tails) {
        side.open(slice);
        dSquare = dSquare.sub(slice.product(side.before, side.dWeights, dims));
        dLogits[c] = dLogits[c].add(side.dWeights.sum(0));
        dx = side.dx;
      }
      dx = dx == null ? dSquare.mul(slice.x) : dSquare.mul(slice.x).add(dx);
      SDVariable shift = dx.mul(slice.inverseScale);
      SDVariable dScale = dSquare.sub(dx.mul(slice.x));
      SDVariable part = shift.sum(2);                                                        // [d, R]
      dz = dz == null ? part : dz.add(part);
      dMeans[c] = own ? shift.neg().reshape(-1, count) : shift.sum(1).neg();
      dLogScales[c] = own ? dScale.reshape(-1, count) : dScale.sum(0, 1);
      after = oneRow(dz, dims);
    }
    SDVariable allMeans = joined(1, dMeans);
    List<SDVariable> result = new ArrayList<>(
        List.of(dz.permute(1, 0), own ? allMeans : allMeans.permute(1, 0), joined(0, dLogScales)));
    if (logits != null) {
      result.add(joined(1, dLogits));
    }
    return result.toArray(new SDVariable[0]);
  }

  /** A row that depends on all rows. (ND4J 1.0.0-M2.1 fails to reduce a single row.) */
  private SDVariable oneRow(SDVariable x, int rows) {
    return rows == 1 ? x : x.mean(true, 0);
  }

  private SDVariable joined(int axis, SDVariable[] parts) {
    return parts.length == 1 ? parts[0] : sd.concat(axis, parts);
  }

  /** How the normalisers depend on the value's columns, [levels, d + 1 or 1]. */
  private INDArray ofValue(DataType type) {
    int columns = tails ? dims + 1 : 1;
    INDArray result = Nd4j.zeros(type, levels, columns);
    for (int i = 0; i < columns - 1; i++) {
      result.putScalar(i, i, -1.0);
    }
    result.putScalar(levels - 1, columns - 1, 1.0);
    if (logits != null) {
      result.putScalar(0, columns - 1, -1.0);
    }
    return result;
  }

  /** The first {@code to} entries of the first of three axes. */
  private SDVariable first(SDVariable x, int to) {
    return sd.stridedSlice(x, new long[] {0, 0, 0}, new long[] {to, 0, 0}, new long[] {1, 1, 1}, 6, 6, 0, 0, 0);
  }

  private SDVariable logSumExp(SDVariable x, int axis) {
    SDVariable max = x.max(true, axis);
    return NormalTail.log(NormalTail.exp(x.sub(max)).sum(true, axis)).add(max);
  }

  /** The smaller tails' contribution to a slice's gradient. */
  private final class Tails {
    final SDVariable before;            // [d, d]
    SDVariable dWeights;                // of all levels but the last, [d, R, C]
    SDVariable dx;                      // through Phi alone
    private final SDVariable smaller;   // [d, R, 1]
    private final SDVariable signs;
    private final SDVariable dSmaller;

    Tails(SDVariable g, SDVariable remembered) {
      before = sd.constant(before(g.dataType(), dims));
      smaller = MixtureTerms.rows(remembered, sums(), levels, levels + dims).reshape(dims, -1, 1);
      signs = MixtureTerms.rows(remembered, sums(), levels + dims, sums()).reshape(dims, -1, 1);
      dSmaller = MixtureTerms.rows(g, dims + 1, 0, dims).reshape(dims, -1, 1);
    }

    void open(Slice slice) {
      SDVariable[] cdf = NormalTail.logCdfAndHazard(slice.x.mul(signs), slice.halfSquare);
      dWeights = NormalTail.exp(first(slice.level, dims).add(cdf[0]).sub(smaller)).mul(dSmaller);
      dx = NormalTail.exp(cdf[1]).mul(dWeights).mul(signs);
    }
  }

  /** A slice of the components. */
  private final class Slice {
    final int size;
    final SDVariable inverseScale;
    final SDVariable x;           // [d, R, C]
    final SDVariable halfSquare;
    final SDVariable level;       // [levels, R, C]

    /** @param after [1, R]: a result that must be computed before this slice, so that only one slice is in memory; or null */
    Slice(int number, SDVariable after) {
      int from = start(number);
      int to = start(number + 1);
      size = to - from;
      SDVariable mean = own ? means.reshape(1, -1, size) : part(means, from, to).reshape(dims, 1, size);
      SDVariable logScale = own ? logScales.reshape(1, -1, size) : part(logScales.reshape(1, count), from, to).reshape(1, 1, size);
      SDVariable point = after == null ? z : z.add(after.reshape(1, -1, 1).mul(0.0));
      inverseScale = NormalTail.exp(logScale.neg());
      x = point.sub(mean).mul(inverseScale);
      halfSquare = x.mul(x).mul(0.5);
      SDVariable sum = levels(halfSquare.add(logScale));
      level = logits == null ? sum.neg() : part(logits, from, to).reshape(1, -1, size).sub(sum);
    }

    private int start(int number) {
      return (int) ((long) number * count / slices);
    }

    private SDVariable part(SDVariable columns, int from, int to) {
      return slices == 1 ? columns
          : sd.stridedSlice(columns, new long[] {0, from}, new long[] {0, to}, new long[] {1, 1}, 1, 1, 0, 0, 0);
    }

    /** Sums numbers [d, R, C] over the dimensions that each level includes: [levels, R, C]. */
    private SDVariable levels(SDVariable x) {
      return before.mmul(x.reshape(dims, -1)).reshape(levels, -1, size);
    }

    /** Multiplies the transpose of a matrix [rows, d] by x [rows, R, C] along the first axis: [d, R, C]. */
    SDVariable product(SDVariable matrix, SDVariable x, int rows) {
      return sd.mmul(matrix, x.reshape(rows, -1), true, false, false).reshape(dims, -1, size);
    }
  }
}
