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
    Map<String, Object> result = head(model, prompt);
    result.putAll(tail(options, seconds));
    result.put("generations", texts(model, prompt, options, generations));
    return Json.of(result);
  }

  /** Of many prompts. */
  static String ofPrompts(TarFlowLM model, List<String> prompts, GenerationOptions options, List<List<Generation>> generations,
      double seconds) {
    Map<String, Object> result = head(model, null);
    result.putAll(tail(options, seconds));
    List<Map<String, Object>> all = new ArrayList<>();
    for (int i = 0; i < prompts.size(); i++) {
      Map<String, Object> each = new LinkedHashMap<>();
      each.put("prompt", prompts.get(i));
      each.put("generations", texts(model, prompts.get(i), options, generations.get(i)));
      all.add(each);
    }
    result.put("prompts", all);
    return Json.of(result);
  }

  private static List<Map<String, Object>> texts(TarFlowLM model, String prompt, GenerationOptions options,
      List<Generation> generations) {
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
    return texts;
  }

  private static Map<String, Object> head(TarFlowLM model, String prompt) {
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("model", model.name());
    if (prompt != null) {
      result.put("prompt", prompt);
    }
    return result;
  }

  private static Map<String, Object> tail(GenerationOptions options, double seconds) {
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("options", options);
    result.put("seconds", seconds);
    result.put("exactMeans", "latents are a draw from the model, given the prompt's latents; tokens are the most probable ones of "
        + "their latents");
    return result;
  }
}
