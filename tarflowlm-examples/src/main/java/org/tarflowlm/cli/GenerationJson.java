package org.tarflowlm.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.generate.Generation;
import org.tarflowlm.generate.GenerationOptions;

/** Generated texts for machines. */
final class GenerationJson {
  private GenerationJson() {}

  static String of(TarFlowLM model, String prompt, GenerationOptions options, List<Generation> generations, double seconds) {
    List<Map<String, Object>> texts = new ArrayList<>();
    for (Generation each : generations) {
      Map<String, Object> text = new LinkedHashMap<>();
      text.put("text", each.text());
      text.put("tokens", each.tokens().length);
      text.put("exact", each.exact());
      text.put("accepted", each.accepted());
      if (options.showFlows()) {
        text.put("flows", FlowReport.of(prompt, each, "", model).passes());
      }
      texts.add(text);
    }
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("model", model.name());
    result.put("prompt", prompt);
    result.put("options", options);
    result.put("seconds", seconds);
    result.put("exactMeans", "latents are a draw from the model, given the prompt's latents; tokens are the most probable ones of "
        + "their latents");
    result.put("generations", texts);
    return Json.of(result);
  }
}
