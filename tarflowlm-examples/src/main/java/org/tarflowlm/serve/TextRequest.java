package org.tarflowlm.serve;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.tarflowlm.command.Json;
import org.tarflowlm.generate.GenerationOptions;

/**
 * What all requests for text share: the model, the generation options and the limits.
 *
 * @param seed of the first text; text number i has {@code seed + i}
 * @param stops strings that end a text and are removed from it
 */
record TextRequest(ServedModel model, GenerationOptions options, long seed, int texts, List<String> stops) {
  /** The largest whole number that every JSON parser represents exactly. */
  private static final long MOST_SEED = (1L << 53) - 1;
  private static final int MOST_STOPS = 4;
  private static final int LONGEST_STOP = 256;
  private static final int MOST_REFINEMENTS = 256;

  /**
   * @param maxTokens tokens to generate
   * @throws ApiException if a field is out of its range
   */
  static TextRequest of(Fields fields, ServedModel model, ServeOptions limits, int maxTokens) {
    GenerationOptions options = model.model().generationOptions().withBatchSize(1).withMaxNewTokens(Math.max(1, maxTokens));
    double temperature = fields.number("temperature", options.temperature(), 0, 2);
    double noise = fields.number("noise_temperature", options.noiseTemperature(), 0.01, 2);
    double topP = fields.number("top_p", options.topP(), 1e-6, 1);
    int topK = fields.whole("top_k", options.topK(), 0, 1 << 20);
    options = temperature == 0 ? options.withTemperature(1).withTopK(1) : options.withTemperature(temperature).withTopK(topK);
    options = options.withNoiseTemperature(noise).withTopP(topP)
        .withMinP(fields.number("min_p", options.minP(), 0, 1)).withRefinements(fields.whole("refinements", 0, 0, MOST_REFINEMENTS));
    long seed = fields.whole("seed", ThreadLocalRandom.current().nextLong(MOST_SEED >> 1), -MOST_SEED, MOST_SEED);
    List<String> stops = fields.texts("stop");
    stops = stops == null ? List.of() : stops;
    if (stops.size() > MOST_STOPS || stops.stream().anyMatch(each -> each.isEmpty() || each.length() > LONGEST_STOP)) {
      throw ApiException.badRequest("stop", "stop holds too many texts, or an empty or long one; expected at most " + MOST_STOPS
          + " of 1 to " + LONGEST_STOP + " characters");
    }
    return new TextRequest(model, options.withStopStrings(stops), seed, fields.whole("n", 1, 1, limits.maxTexts()), stops);
  }

  GenerationOptions optionsOf(int text) {
    return options.withSeed(seed + text);
  }

  /**
   * Ids of a text.
   *
   * @param others number of tokens to be added to these
   * @throws ApiException if the model cannot express the text, or all tokens together are too many
   */
  static int[] encode(ServedModel model, String name, String text, int others, ServeOptions limits) {
    int[] tokens;
    try {
      tokens = model.model().tokenizer().encode(text);
    } catch (RuntimeException e) {
      throw ApiException.badRequest(name, e.getMessage());
    }
    return requireFew(name, tokens, others, limits);
  }

  /** @throws ApiException if there are too many tokens, together with {@code others} */
  static int[] requireFew(String name, int[] tokens, int others, ServeOptions limits) {
    if (tokens.length + others > limits.maxTokens()) {
      throw ApiException.badRequest(name, name + " has " + tokens.length + " tokens, in all " + (tokens.length + others)
          + " with those requested; this server's limit is " + limits.maxTokens());
    }
    return tokens;
  }

  /** The text without the stop string that ended it. */
  String withoutStop(String text) {
    int longest = stops.stream().filter(text::endsWith).mapToInt(String::length).max().orElse(0);
    return text.substring(0, text.length() - longest);
  }

  String finishReason(String text) {
    return stops.stream().anyMatch(text::endsWith) ? "stop" : "length";
  }

  /** The outer object of an answer. */
  Map<String, Object> answer(String id, String object, long created) {
    return Json.object("id", id, "object", object, "created", created, "model", model.id(), "seed", seed,
        "choices", new ArrayList<>());
  }

  static Map<String, Object> usage(long promptTokens, long newTokens) {
    return Json.object("prompt_tokens", promptTokens, "completion_tokens", newTokens,
        "total_tokens", promptTokens + newTokens);
  }
}
