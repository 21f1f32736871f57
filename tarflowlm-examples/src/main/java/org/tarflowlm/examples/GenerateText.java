package org.tarflowlm.examples;

import java.util.Locale;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.generate.Generation;
import org.tarflowlm.generate.GenerationOptions;

/** Generates text with the packaged model: one prompt at the temperatures 0.5, 0.8 and 1, two texts each. */
public final class GenerateText {
  private static final int TOKENS = 80;

  private GenerateText() {}

  /** @param prompt a to z and single spaces, also as separate words; "the whale " if not given */
  public static void main(String... prompt) {
    String start = prompt.length == 0 ? "the whale " : String.join(" ", prompt);
    try (TarFlowLM model = TarFlowLM.pretrained()) {
      for (double temperature : new double[] {0.5, 0.8, 1.0}) {
        GenerationOptions options = model.generationOptions().withMaxNewTokens(TOKENS).withTemperature(temperature).withSeed(1)
            .withBatchSize(2);
        for (Generation each : model.generate(start, options)) {
          System.out.printf(Locale.ROOT, "temperature %.1f%s  %s|%s%n", temperature, each.exact() ? "" : ", approximate", start,
              each.text());
        }
      }
    }
  }
}
