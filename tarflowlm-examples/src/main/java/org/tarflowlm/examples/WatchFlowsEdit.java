package org.tarflowlm.examples;

import java.util.Locale;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.generate.FlowView;
import org.tarflowlm.generate.Generation;
import org.tarflowlm.generate.GenerationOptions;

/** Generates a text and shows it after every flow, from noise to the end: which tokens did the flow change? */
public final class WatchFlowsEdit {
  private WatchFlowsEdit() {}

  /** @param seed of the text; 1 if not given */
  public static void main(String... seed) {
    try (TarFlowLM model = TarFlowLM.pretrained()) {
      GenerationOptions options = model.generationOptions().withMaxNewTokens(90).withShowFlows(true)
          .withSeed(seed.length == 0 ? 1 : Long.parseLong(seed[0]));
      Generation generation = model.generate("", options).get(0);
      for (FlowView.Pass pass : FlowView.of(generation, model.config(), model.tokenizer()).passes()) {
        System.out.printf(Locale.ROOT, "%-30s changes %3d of %d%n  %s%n  %s%n", pass.source(), pass.changes(), pass.tokens().length,
            pass.text(), marks(pass.changed()));
      }
    }
  }

  private static String marks(boolean[] changed) {
    StringBuilder marks = new StringBuilder();
    for (boolean each : changed) {
      marks.append(each ? '^' : ' ');
    }
    return marks.toString().stripTrailing();
  }
}
