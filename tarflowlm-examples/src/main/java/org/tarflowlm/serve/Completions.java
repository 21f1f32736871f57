package org.tarflowlm.serve;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.tarflowlm.Score;
import org.tarflowlm.ScoringOptions;
import org.tarflowlm.command.Json;
import org.tarflowlm.generate.Generation;

/** {@code POST /v1/completions}, as OpenAI's. */
record Completions(ServeOptions limits, Metrics metrics) implements Router.Endpoint {
  private static final int TOKENS = 16;
  private static final int MOST_LOGPROBS = 5;
  private static final double NATS_PER_BIT = Math.log(2);

  /**
   * A request that was understood.
   *
   * @param echo whether the text begins with its prompt
   * @param logprobs whether each token comes with its log-probability
   * @param usage whether a stream ends with the counts of tokens
   */
  private record Request(TextRequest text, List<String> prompts, int maxTokens, boolean echo, boolean logprobs, boolean stream,
      boolean usage) {}

  @Override
  public Jobs.Work read(Fields fields, ServedModel model) {
    List<String> prompts = fields.texts("prompt");
    prompts = prompts == null ? List.of("") : prompts;
    boolean echo = fields.flag("echo");
    int maxTokens = fields.whole("max_tokens", TOKENS, echo ? 0 : 1, limits.maxTokens());
    Request request = new Request(TextRequest.of(fields, model, limits, maxTokens), prompts, maxTokens, echo,
        fields.whole("logprobs", -1, 0, MOST_LOGPROBS) >= 0, fields.flag("stream"), fields.flag("stream_options", "include_usage"));
    fields.neutral("best_of", 1, request.text.texts());
    fields.neutral("frequency_penalty", 0);
    fields.neutral("presence_penalty", 0);
    fields.neutral("logit_bias", Map.of());
    fields.neutral("suffix", "");
    fields.ignore("user");
    if (prompts.isEmpty() || prompts.size() * request.text.texts() > limits.maxTexts()) {
      throw ApiException.badRequest("n", prompts.size() + " prompts with n = " + request.text.texts()
          + "; this server writes 1 to " + limits.maxTexts() + " texts a request");
    }
    return exchange -> answer(exchange, request);
  }

  private void answer(Exchange exchange, Request request) {
    TextRequest text = request.text;
    List<int[]> prompts = new ArrayList<>();
    for (String each : request.prompts) {
      prompts.add(text.encode("prompt", each, request.maxTokens, limits));
    }
    Map<String, Object> answer = text.answer("cmpl-" + UUID.randomUUID(), "text_completion", System.currentTimeMillis() / 1000);
    List<Map<String, Object>> choices = new ArrayList<>();
    long read = prompts.stream().mapToLong(each -> each.length).sum();
    long written = 0;
    for (int p = 0; p < prompts.size(); p++) {
      for (int i = 0; i < text.texts(); i++) {
        int index = p * text.texts() + i;
        Streaming streaming = request.stream ? new Streaming(exchange, answer, index, text) : null;
        Map<String, Object> choice = choice(request, request.prompts.get(p), index, streaming);
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

  private Map<String, Object> choice(Request request, String prompt, int index, Streaming streaming) {
    TextRequest text = request.text;
    if (streaming != null && request.echo) {
      streaming.send(prompt);
    }
    int tokens = 0;
    String written = "";
    String reason = "length";
    boolean exact = true;
    if (request.maxTokens > 0) {
      Generation generation = text.model().generate(prompt, text.optionsOf(index), streaming == null ? ids -> { } : streaming::add);
      tokens = generation.tokens().length;
      reason = text.finishReason(generation.text());
      written = text.withoutStop(generation.text());
      exact = generation.exact();
    }
    return Json.object("text", request.echo ? prompt + written : written, "index", index,
        "logprobs", request.logprobs ? logprobs(text, prompt, written, request.echo) : null, "finish_reason", reason, "exact", exact,
        "tokens", tokens);
  }

  /**
   * The log-probabilities of the tokens of a text. For flow models these are terms of the ELBO, lower bounds in sum; there are no
   * alternatives to a token.
   */
  private Map<String, Object> logprobs(TextRequest text, String prompt, String written, boolean echo) {
    String whole = prompt + written;
    List<Score.Piece> pieces = whole.isEmpty() ? List.of()
        : text.model().score(whole, ScoringOptions.defaults().withSeed(text.seed())).perToken();
    int[] offsets = Arrays.copyOf(text.model().offsets(whole), pieces.size()); // the end that fills no patch has no bits
    int begin = echo ? 0 : prompt.codePointCount(0, prompt.length());
    int from = (int) Arrays.stream(offsets).filter(each -> each < begin).count();
    List<Score.Piece> scored = pieces.subList(from, pieces.size());
    return Json.object("tokens", scored.stream().map(Score.Piece::text).toList(),
        "token_logprobs", scored.stream().map(each -> -each.bits() * NATS_PER_BIT).toList(), "top_logprobs", null,
        "text_offset", Arrays.copyOfRange(offsets, from, offsets.length));
  }

  /** A choice whose text is sent as it is written. */
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
