package org.tarflowlm.flow;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;

/**
 * Small models with random parameters of sensible sizes. Codes lie apart, and every dependence on context is visible. Mixtures have no deep
 * gaps: there z would depend on u so steeply that rounding errors explode from position to position.
 */
public final class RandomModel {
  private RandomModel() {}

  public static TarFlowConfig config(int vocabulary, int context, int latent, int width, int heads, int patch, boolean mixing,
      FlowSpec... flows) {
    return new TarFlowConfig(ModelType.TARFLOW, vocabulary, context, latent, width, heads, patch, mixing, List.of(flows), null, null, 16,
        null);
  }

  public static Map<String, float[]> parameters(TarFlowConfig config, long seed) {
    Random random = new Random(seed);
    Map<String, float[]> result = new HashMap<>();
    ParameterShapes.of(config).forEach((name, shape) -> {
      float[] values = new float[Math.toIntExact(ParameterShapes.length(shape))];
      double size = size(name, shape);
      double shift = name.endsWith("gain") ? 1.0 : name.equals("codebook.logSigma") ? -2.0 : name.endsWith("logScale") ? -0.5 : 0.0;
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) (shift + size * random.nextGaussian());
      }
      result.put(name, values);
    });
    return result;
  }

  private static double size(String name, long[] shape) {
    if (name.contains(".maf.out.")) {
      return 0.3 / (name.endsWith(".weight") ? Math.sqrt(shape[0]) : 1.0);
    }
    if (name.endsWith(".weight")) {
      return 1.0 / Math.sqrt(shape[0]);
    }
    if (name.equals("codebook.mean")) {
      return 1.0;
    }
    return name.endsWith("gain") || name.endsWith("logSigma") || name.endsWith("logScale") ? 0.1 : 0.5;
  }
}
