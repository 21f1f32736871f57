package org.tarflowlm.serve;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import org.tarflowlm.Score;
import org.tarflowlm.ScoringOptions;
import org.tarflowlm.command.Json;
import org.tarflowlm.eval.TokenChoice;
import org.tarflowlm.generate.Generation;

/** {@code POST /v1/completions}, with OpenAI's interface. */
record Completions(ServeOptions limits, Metrics metrics) implements Router.Endpoint {
  private static final int TOKENS = 16;
  private static final int MOST_LOGPROBS = 5;
  private static final double NATS_PER_BIT = Math.log(2);

  /**
   * A parsed request.
   *
   * @param echo whether the text begins with its prompt
   * @param logprobs number of alternatives to list with each token's log-probability; -1 for neither
   * @param usage whether a stream ends with the token counts
   */
  private record Request(TextRequest text, List<Fields.Prompt> prompts, int maxTokens, boolean echo, int logprobs, boolean stream,
      boolean usage) {}

  @Override
  public Jobs.Work read(Fields fields, ServedModel model) {
    List<Fields.Prompt> prompts = fields.prompts("prompt", model.model().tokenizer().vocabSize());
    prompts = prompts == null ? List.of(new Fields.Prompt("", null)) : prompts;
    boolean echo = fields.flag("echo");
    int maxTokens = fields.whole("max_tokens", TOKENS, echo ? 0 : 1, limits.maxTokens());
    Request request = new Request(TextRequest.of(fields, model, limits, maxTokens), prompts, maxTokens, echo,
        fields.whole("logprobs", -1, 0, MOST_LOGPROBS), fields.flag("stream"), fields.flag("stream_options", "include_usage"));
    fields.neutral("best_of", 1, request.text.texts());
    fields.neutral("frequency_penalty", 0);
    fields.neutral("presence_penalty", 0);
    fields.neutral("logit_bias", Map.of());
    fields.neutral("suffix", "");
    fields.ignore("user");
    if (prompts.isEmpty() || prompts.size() * request.text.texts() > limits.maxTexts()) {
      throw ApiException.badRequest("n", prompts.size() + " prompts with n = " + request.text.texts()
          + "; this server writes 1 to " + limits.maxTexts() + " texts per request");
    }
    return exchange -> answer(exchange, request);
  }

  private void answer(Exchange exchange, Request request) {
    TextRequest text = request.text;
    List<Fields.Prompt> prompts = request.prompts.stream().map(each -> whole(each, request)).toList();
    Map<String, Object> answer = text.answer("cmpl-" + UUID.randomUUID(), "text_completion", System.currentTimeMillis() / 1000);
    List<Map<String, Object>> choices = new ArrayList<>();
    long read = prompts.stream().mapToLong(each -> each.tokens().length).sum();
    long written = 0;
    for (int p = 0; p < prompts.size(); p++) {
      for (int i = 0; i < text.texts(); i++) {
        int index = p * text.texts() + i;
        Streaming streaming = request.stream ? new Streaming(exchange, answer, index, text) : null;
        Map<String, Object> choice = choice(request, prompts.get(p), index, streaming);
        written += (int) choice.remove("tokens");
        if (streaming != null) {
          streaming.end(choice);
        }
        choices.add(choice);
      }
    }
    metrics.tokens(text.model(), "prompt", read);
    metrics.tokens(text.model(), "generated", written);
    if (!request.stream) {
      answer.put("choices", choices);
      answer.put("usage", TextRequest.usage(read, written));
      exchange.json(answer);
      return;
    }
    if (request.usage) {
      answer.put("choices", List.of());
      answer.put("usage", TextRequest.usage(read, written));
      exchange.event(answer);
    }
    exchange.endStream();
  }

  /** A prompt's text and tokens. */
  private Fields.Prompt whole(Fields.Prompt prompt, Request request) {
    int[] tokens = prompt.tokens() == null ? TextRequest.encode(request.text.model(), "prompt", prompt.text(), request.maxTokens, limits)
        : TextRequest.requireFew("prompt", prompt.tokens(), request.maxTokens, limits);
    return new Fields.Prompt(prompt.text() == null ? request.text.model().model().tokenizer().decode(tokens) : prompt.text(), tokens);
  }

  private Map<String, Object> choice(Request request, Fields.Prompt prompt, int index, Streaming streaming) {
    TextRequest text = request.text;
    if (streaming != null && request.echo) {
      streaming.send(prompt.text());
    }
    int[] tokens = {};
    String written = "";
    String reason = "length";
    boolean exact = true;
    if (request.maxTokens > 0) {
      Generation generation = text.model().generate(prompt.tokens(), text.optionsOf(index),
          streaming == null ? ids -> { } : streaming::add);
      tokens = generation.tokens();
      reason = text.finishReason(generation.text());
      written = text.withoutStop(generation.text());
      exact = generation.exact();
    }
    return Json.object("text", request.echo ? prompt.text() + written : written, "index", index,
        "logprobs", request.logprobs < 0 ? null : logprobs(request, prompt.tokens(), text.model().tokensOf(tokens, written)),
        "finish_reason", reason, "exact", exact, "tokens", tokens.length);
  }

  /**
   * Log-probabilities of a text's tokens, in nats. For flow models they are the terms of the ELBO, whose sum is a lower bound. The
   * alternatives are null if the model's flows give no probabilities of tokens.
   */
  private static Map<String, Object> logprobs(Request request, int[] prompt, int[] written) {
    ServedModel model = request.text.model();
    int[] whole = IntStream.concat(Arrays.stream(prompt), Arrays.stream(written)).toArray();
    List<Score.Piece> pieces = whole.length == 0 ? List.of()
        : model.score(whole, ScoringOptions.defaults().withSeed(request.text.seed())).perToken();
    int from = Math.min(request.echo ? 0 : prompt.length, pieces.size()); // tokens at the end that do not fill a patch have no bits
    List<Double> nats = pieces.subList(from, pieces.size()).stream().map(each -> -each.bits() * NATS_PER_BIT).toList();
    List<String> tokens = Arrays.stream(whole, from, pieces.size()).mapToObj(model::piece).toList();
    List<Map<String, Double>> top = null;
    if (request.logprobs > 0) {
      top = model.model().nextTokens(whole, request.logprobs, request.text.seed())
          .map(each -> alternatives(model, each.subList(from, pieces.size()), nats)).orElse(null);
    }
    return Json.object("tokens", tokens, "token_logprobs", nats, "top_logprobs", top,
        "text_offset", Arrays.copyOfRange(model.offsets(whole), from, pieces.size()));
  }

  /** The most probable tokens, then the actual one if it is not among them, as in OpenAI's API. */
  private static List<Map<String, Double>> alternatives(ServedModel model, List<List<TokenChoice>> choices, List<Double> nats) {
    List<Map<String, Double>> result = new ArrayList<>();
    for (int t = 0; t < choices.size(); t++) {
      Map<String, Double> each = new LinkedHashMap<>();
      TokenChoice own = choices.get(t).get(0);
      choices.get(t).stream().skip(1).forEach(choice -> each.put(model.piece(choice.token()), choice.nats()));
      each.put(model.piece(own.token()), model.hasFlows() ? own.nats() : nats.get(t));
      result.add(each);
    }
    return result;
  }

  /** A choice whose text is sent while it is generated. */
  private static final class Streaming {
    private final Exchange exchange;
    private final Map<String, Object> answer;
    private final int index;
    private final StreamedText text;

    Streaming(Exchange exchange, Map<String, Object> answer, int index, TextRequest request) {
      this.exchange = exchange;
      this.answer = answer;
      this.index = index;
      text = new StreamedText(request.model().model().tokenizer(), request.stops());
    }

    void add(int[] tokens) {
      send(text.add(tokens));
    }

    void send(String part) {
      if (!part.isEmpty()) {
        send(part, null, null);
      }
    }

    void end(Map<String, Object> choice) {
      send(text.end(), choice.get("logprobs"), choice.get("finish_reason"));
    }

    private void send(String part, Object logprobs, Object reason) {
      Map<String, Object> choice = Json.object("text", part, "index", index, "logprobs", logprobs, "finish_reason", reason);
      Map<String, Object> event = new LinkedHashMap<>(answer);
      event.put("choices", List.of(choice));
      exchange.event(event);
    }
  }
}
