package org.tarflowlm.generate.parallel;

import java.util.function.Supplier;
import org.tarflowlm.coupling.Codebook;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.flow.FlowOrder;
import org.tarflowlm.flow.TokenFilter;
import org.tarflowlm.vector.DoubleLoops;

/**
 * Guesses for a Mix-d flow. Approximates the flow's inverse with the weights of an n-gram model instead of the transformer's, and the same
 * noise. The guess lies in the right component whenever the noise chooses the same one with both sets of weights.
 */
final class NGramDraft implements Draft {
  private static final double LEAST = 1e-6;

  private final Supplier<NGramTable> tables;
  private NGramTable table;
  private final Components components;
  private final DraftInverse points;
  private final TokenFilter filter;
  private final Workspace workspace;
  private final int patch;
  private final double[] weights;
  private final double[] scratch;
  private int[] tokens = new int[0];
  private int known;
  private FlowOrder order;

  /**
   * @param tables the n-gram table, requested before the first guess
   * @param filter filter of the flow's own weights, applied to the n-grams' as well
   * @param patch tokens per position
   */
  NGramDraft(Supplier<NGramTable> tables, Components components, TokenFilter filter, Workspace workspace, int patch) {
    this.tables = tables;
    this.components = components;
    this.filter = filter;
    this.workspace = workspace;
    this.patch = patch;
    points = new DraftInverse(components);
    weights = new double[components.count()];
    scratch = new double[components.count()];
  }

  @Override
  public void begin(double[] z, int knownPositions, FlowOrder readingOrder) {
    order = readingOrder;
    known = knownPositions * patch;
    if (tokens.length < order.length() * patch) {
      tokens = new int[order.length() * patch];
    }
    for (int i = 0; i < knownPositions; i++) {
      rejects(z, i);
    }
  }

  @Override
  public void prepare() {
    table = tables.get();
  }

  @Override
  public double guess(double[] u, double[] z, int i) {
    double confidence = 1.0;
    for (int p = 0; p < patch; p++) {
      int at = (order.time(i) * patch + p) * components.dims();
      table.probabilities(tokens, i * patch + p, weights);
      if (filter != TokenFilter.NONE) {
        reshape();
      }
      tokens[i * patch + p] = points.inverse(u, at, weights, z, at);
      confidence *= points.confidence();
    }
    return confidence;
  }

  private void reshape() {
    for (int k = 0; k < weights.length; k++) {
      weights[k] = Math.log(Math.max(LEAST, weights[k]));
    }
    filter.apply(weights, scratch);
    double most = DoubleLoops.max(weights, 0, weights.length);
    for (int k = 0; k < weights.length; k++) {
      weights[k] = Math.exp(weights[k] - most); // without the maximum, all could underflow at a low temperature
    }
  }

  @Override
  public boolean rejects(double[] z, int i) {
    boolean changed = false;
    for (int p = 0; p < patch; p++) {
      int token = Codebook.decode(z, (order.time(i) * patch + p) * components.dims(), components, workspace);
      changed |= token != tokens[i * patch + p];
      tokens[i * patch + p] = token;
    }
    return changed;
  }

  @Override
  public void end() {
    if (table != null) {
      table.learn(tokens, known, order.length() * patch);
    }
  }
}
