package org.tarflowlm.stock;

import java.util.ArrayList;
import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The sums over K Gaussian components that the mixture couplings need. With x_ik = (z_i - m_ki)/s_k and
 *
 * <pre>level_ik = logit_k - sum over j below i of (x_jk^2/2 + log s_k),   i = 0 .. d</pre>
 *
 * level_i is log alpha^(i+1) of the paper's algorithm 1, up to a constant. Then, up to multiples of log sqrt(2 pi),
 *
 * <pre>log p(z)  = logsumexp_k level_dk - logsumexp_k level_0k
 * log F_i   = logsumexp_k(level_(i-1)k + log Phi(x_ik)) - logsumexp_k level_(i-1)k,   log(1 - F_i) with Phi(-x_ik)</pre>
 *
 * <p>The explicit gradient recomputes levels and x from the inputs, so that the logits are the only array of K numbers kept. Like the
 * forward pass, it processes the components in slices, one after another. An array of a slice has at most {@link #SLICE_NUMBERS} numbers
 * for a window, and about twenty such arrays exist at one time.
 */
public final class MixtureTerms extends PassedOn {
  /** Size of a slice's largest array for one window, in numbers. */
  public static final long SLICE_NUMBERS = 1 << 25;

  static final int DIMS = 0;
  static final int COUNT = 1;
  static final int SLICES = 2;
  static final int OWN = 3;
  static final int LOGITS = 4;
  static final int TAILS = 5;

  /**
   * Sums of a row.
   *
   * @param logDensity log p(z) + d log sqrt(2 pi) in nats, [R, 1]; without logits, components are summed without weights
   * @param logTails the smaller of log F_i and log(1 - F_i), [R, d]; null without tails
   * @param signs 1 where that is log F_i, else -1, [R, d]; null without tails
   */
  public record Sums(SDVariable logDensity, SDVariable logTails, SDVariable signs) {}

  public MixtureTerms() {}

  private MixtureTerms(SameDiff sd, SDVariable[] inputs, long... arguments) {
    super(sd, inputs, arguments);
  }

  /** Sums for components that all rows share: z [R, d], logits [R, K] or null, means [K, d], log-scales [K]. */
  public static Sums shared(SDVariable z, SDVariable logits, SDVariable means, SDVariable logScales, int count, int dims, boolean tails,
      int slices) {
    return of(new long[] {dims, count, slices, 0, logits == null ? 0 : 1, tails ? 1 : 0},
        z, means, logScales, logits);
  }

  /** Sums for a scalar per row with its own components: z [R, 1]; logits, means and log-scales [R, K]. */
  public static Sums own(SDVariable z, SDVariable logits, SDVariable means, SDVariable logScales, int count, boolean tails) {
    return of(new long[] {1, count, 1, 1, 1, tails ? 1 : 0}, z, means, logScales, logits);
  }

  /** Number of slices such that an array of {@code rows} by {@code dims + 1} numbers per component fits {@link #SLICE_NUMBERS}. */
  public static int slices(long rows, long dims, long count) {
    return Math.toIntExact(Math.max(1, Math.min(count, (rows * (dims + 1) * count + SLICE_NUMBERS - 1) / SLICE_NUMBERS)));
  }

  private static Sums of(long[] arguments, SDVariable z, SDVariable means, SDVariable logScales, SDVariable logits) {
    SameDiff sd = z.getSameDiff();
    MixtureTerms op = new MixtureTerms();
    op.addIArgument(arguments);
    MixtureFormula formula = op.formula(sd, Stopped.of(z), Stopped.of(means), Stopped.of(logScales),
        logits == null ? null : Stopped.of(logits));
    SDVariable[] found = formula.value();
    List<SDVariable> inputs = new ArrayList<>(List.of(found[0], found[0], found[1], z, means, logScales));
    if (logits != null) {
      inputs.add(logits);
    }
    SDVariable value = new MixtureTerms(sd, inputs.toArray(new SDVariable[0]), arguments).outputVariable();
    int dims = op.argument(DIMS);
    return op.has(TAILS) ? new Sums(columns(value, dims + 1, dims, dims + 1), columns(value, dims + 1, 0, dims), found[2])
        : new Sums(value, null, null);
  }

  boolean has(int flag) {
    return argument(flag) == 1;
  }

  private MixtureFormula formula(SameDiff sd, SDVariable z, SDVariable means, SDVariable logScales, SDVariable logits) {
    return new MixtureFormula(sd, this, z, means, logScales, logits);
  }

  /** Inputs: the value twice, the sums that {@link MixtureFormula#value} keeps, z, means, log-scales, logits. */
  @Override
  public List<SDVariable> doDiff(List<SDVariable> gradients) {
    SDVariable[] found = formula(sameDiff, arg(3), arg(4), arg(5), has(LOGITS) ? arg(6) : null).gradient(gradients.get(0), arg(2));
    List<SDVariable> result = new ArrayList<>(List.of(sameDiff.zerosLike(arg(0)), sameDiff.zerosLike(arg(0)), sameDiff.zerosLike(arg(2))));
    result.addAll(List.of(found));
    return result;
  }

  /** Rows [from, to) of a matrix, by a product, because the gradient of ND4J 1.0.0-M2.1's strided slice is wrong for a single number. */
  static SDVariable rows(SDVariable x, int rows, int from, int to) {
    return x.getSameDiff().constant(chosen(x, rows, from, to)).mmul(x);
  }

  private static SDVariable columns(SDVariable x, int columns, int from, int to) {
    return x.mmul(x.getSameDiff().constant(chosen(x, columns, from, to).transpose().dup('c')));
  }

  private static INDArray chosen(SDVariable like, int of, int from, int to) {
    INDArray result = Nd4j.zeros(like.dataType(), to - from, of);
    for (int i = from; i < to; i++) {
      result.putScalar(i - from, i, 1.0);
    }
    return result;
  }
}
