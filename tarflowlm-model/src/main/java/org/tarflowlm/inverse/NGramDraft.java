package org.tarflowlm.inverse;

import org.tarflowlm.coupling.Codebook;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.MixtureRosenblatt;
import org.tarflowlm.coupling.Workspace;

/**
 * Guesses for a Mix-d flow: weights of an n-gram model instead of the transformer's, put through the same inverse with the same noise.
 * A guess lies in the right component whenever both weights make the same noise choose it.
 */
final class NGramDraft implements Draft {
  private static final double LEAST = 1e-6;

  private final NGramTable table;
  private final Components components;
  private final TokenFilter filter;
  private final Workspace workspace;
  private final int patch;
  private final double[] logits;
  private final double[] scratch;
  private int[] tokens = new int[0];
  private int known;
  private FlowOrder order;

  /**
   * @param filter what reshapes the flow's own weights
   * @param patch tokens of a position
   */
  NGramDraft(NGramTable table, Components components, TokenFilter filter, Workspace workspace, int patch) {
    this.table = table;
    this.components = components;
    this.filter = filter;
    this.workspace = workspace;
    this.patch = patch;
    logits = new double[components.count()];
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
      misled(z, i);
    }
  }

  @Override
  public void guess(double[] u, double[] z, int i) {
    for (int p = 0; p < patch; p++) {
      int at = (order.time(i) * patch + p) * components.dims();
      table.probabilities(tokens, i * patch + p, logits);
      for (int k = 0; k < logits.length; k++) {
        logits[k] = Math.log(Math.max(LEAST, logits[k]));
      }
      filter.apply(logits, scratch);
      MixtureRosenblatt.inverse(u, at, logits, 0, components, z, at, workspace);
      tokens[i * patch + p] = Codebook.decode(z, at, components, workspace);
    }
  }

  @Override
  public boolean misled(double[] z, int i) {
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
    table.learn(tokens, known, order.length() * patch);
  }

}
