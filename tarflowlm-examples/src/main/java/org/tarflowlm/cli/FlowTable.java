package org.tarflowlm.cli;

import java.util.List;
import java.util.stream.IntStream;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.command.Table;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.eval.FlowAccount;
import org.tarflowlm.eval.LatentMetrics.Spread;
import org.tarflowlm.flow.StackWeights;
import org.tarflowlm.generate.FlowView;

/** A Markdown table of what each flow does. */
final class FlowTable {
  private FlowTable() {}

  /** Names of the stack's levels, from data to noise: the codebook, then the flows. */
  static List<String> names(TarFlowConfig config) {
    return IntStream.rangeClosed(0, config.flows().size())
        .mapToObj(l -> l == 0 ? "codebook" : FlowView.name(l - 1, config.flows().get(l - 1))).toList();
  }

  /** The account of a model over windows of a text. */
  static FlowAccount account(TarFlowLM model, TokenSequence text, int windows, long seed) {
    return FlowAccount.of(StackWeights.of(model.config(), model.checkpoint()::values), text, windows, seed);
  }

  static String markdown(FlowAccount account, TarFlowConfig config) {
    List<String> names = names(config);
    Table table = new Table(List.of("after", "bits per token if the stack ended here", "mean squared change", "tokens changed", "L2 norm",
        "cosine", "participation ratio", "centroid movement"));
    for (FlowAccount.Level level : account.levels()) {
      table.row(List.of(names.get(level.flows()), String.format("%.4f", level.bits()),
          level.squaredChange() == null ? "" : String.format("%.4f", level.squaredChange()),
          level.changedTokens() == null ? "" : String.format("%.1f %%", 100 * level.changedTokens()), spread(level.l2Norm()),
          spread(level.cosine()), spread(level.participationRatio()), spread(level.centroidMovement())));
    }
    return table + String.format("\n%,d windows, %,d tokens; the last four columns are mean and standard deviation over the "
        + "windows.\n", account.windows(), account.tokens());
  }

  private static String spread(Spread spread) {
    return spread == null ? "" : String.format("%.3f ± %.3f", spread.mean(), spread.standardDeviation());
  }
}
