package org.tarflowlm.serve;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.tarflowlm.command.Json;
import org.tarflowlm.generate.Generation;
import org.tarflowlm.generate.GenerationOptions;

/**
 * {@code POST /v1/flows} shows a new or given text pass by pass. {@code POST /v1/infill} fills the gap between two texts. {@code POST
 * /v1/interpolate} interpolates between two texts in the space of noise.
 */
record Flows(ServeOptions limits, Metrics metrics) {
  private static final int TOKENS = 64;
  private static final int STEPS = 9;
  private static final int MOST_STEPS = 64;

  /** Generates one text, given its number. */
  private interface Writer {
    Generation write(int index);
  }

  Jobs.Work flows(Fields fields, ServedModel model) {
    model.requireFlows();
    String given = fields.text("text", null);
    String prompt = fields.text("prompt", null);
    if (given != null && prompt != null) {
      throw ApiException.badRequest("text", "text and prompt were both given; expected a text to read, or a prompt to continue");
    }
    int maxTokens = fields.whole("max_tokens", TOKENS, 1, limits.maxTokens());
    TextRequest request = TextRequest.of(fields, model, limits, maxTokens);
    return exchange -> {
      int[] tokens = TextRequest.encode(model, given == null ? "prompt" : "text", given == null ? prompt == null ? "" : prompt : given,
          given == null ? maxTokens : 0, limits);
      answer(exchange, request, "flows", tokens.length, true, index -> {
        GenerationOptions options = request.optionsOf(index);
        return given != null ? model.model().read(given, options.seed())
            : model.generate(tokens, options.withShowFlows(true), ids -> { });
      });
    };
  }

  Jobs.Work infill(Fields fields, ServedModel model) {
    model.requireFlows();
    String before = fields.text("prompt", "");
    String after = fields.text("suffix", "");
    int gap = fields.whole("gap", -1, 1, limits.maxTokens());
    if (gap < 0) {
      throw ApiException.badRequest("gap", "gap is missing; expected the number of tokens to fill in");
    }
    boolean flows = fields.flag("flows");
    TextRequest request = TextRequest.of(fields, model, limits, gap);
    if (!request.stops().isEmpty()) {
      throw ApiException.badRequest("stop", "the length of a gap is fixed; leave stop out");
    }
    return exchange -> {
      int left = TextRequest.encode(model, "prompt", before, gap, limits).length;
      int right = TextRequest.encode(model, "suffix", after, gap + left, limits).length;
      answer(exchange, request, "infill", left + right, flows, index -> model.model().infill(before, gap, after,
          request.optionsOf(index).withShowFlows(flows)).get(0));
    };
  }

  Jobs.Work interpolate(Fields fields, ServedModel model) {
    model.requireFlows();
    String from = fields.text("from", "");
    String to = fields.text("to", "");
    int steps = fields.whole("steps", STEPS, 2, MOST_STEPS);
    long seed = fields.whole("seed", 1, Long.MIN_VALUE, Long.MAX_VALUE);
    return exchange -> {
      int tokens = TextRequest.encode(model, "from", from, 0, limits).length;
      TextRequest.encode(model, "to", to, (steps - 1) * tokens, limits);
      List<String> texts = model.model().interpolate(from, to, steps, seed);
      exchange.json(Json.object("object", "interpolation", "model", model.id(), "seed", seed, "texts", texts));
    };
  }

  private void answer(Exchange exchange, TextRequest request, String object, long read, boolean flows, Writer writer) {
    Map<String, Object> answer = request.answer(object + "-" + UUID.randomUUID(), object, System.currentTimeMillis() / 1000);
    List<Map<String, Object>> choices = new ArrayList<>();
    long written = 0;
    for (int i = 0; i < request.texts(); i++) {
      ServedModel.requireUninterrupted();
      Generation generation = writer.write(i);
      written += generation.tokens().length;
      Map<String, Object> choice = Json.object("index", i, "text", request.withoutStop(generation.text()),
          "finish_reason", request.finishReason(generation.text()), "exact", generation.exact(), "accepted", generation.accepted());
      if (flows) {
        choice.put("passes", request.model().passes(generation));
      }
      choices.add(choice);
    }
    metrics.tokens(request.model(), "prompt", read);
    metrics.tokens(request.model(), "generated", written);
    answer.put("choices", choices);
    answer.put("usage", TextRequest.usage(read, written));
    exchange.json(answer);
  }
}
