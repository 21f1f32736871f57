package org.tarflowlm.serve;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tarflowlm.Score;
import org.tarflowlm.ScoringOptions;

/** {@code POST /v1/score}: the likelihood of texts. */
final class Scores implements Endpoint {
  private static final int MOST_SAMPLES = 64;

  private final ServeOptions limits;
  private final Metrics metrics;

  Scores(ServeOptions limits, Metrics metrics) {
    this.limits = limits;
    this.metrics = metrics;
  }

  @Override
  public Jobs.Work read(Fields fields, ServedModel model) {
    List<String> texts = fields.texts("input");
    if (texts == null || texts.isEmpty() || texts.size() > limits.maxTexts()) {
      throw ApiException.badRequest("input", "input holds " + (texts == null ? "no" : texts.size()) + " texts; expected 1 to "
          + limits.maxTexts());
    }
    ScoringOptions options = ScoringOptions.defaults().withSeed(fields.whole("seed", 1, Long.MIN_VALUE, Long.MAX_VALUE))
        .withSamples(fields.whole("samples", 1, 1, MOST_SAMPLES));
    boolean perToken = fields.flag("per_token");
    return exchange -> {
      List<Map<String, Object>> data = new ArrayList<>();
      long tokens = 0;
      for (String text : texts) {
        ServedModel.requireUninterrupted();
        tokens += TextRequest.encode(model, "input", text, 0, limits).length;
        data.add(score(model.score(text, options), perToken, data.size()));
      }
      metrics.tokens(model, "scored", tokens);
      Map<String, Object> answer = new LinkedHashMap<>();
      answer.put("object", "list");
      answer.put("model", model.id());
      answer.put("data", data);
      answer.put("usage", TextRequest.usage(tokens, 0));
      exchange.json(answer);
    };
  }

  private static Map<String, Object> score(Score score, boolean perToken, int index) {
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("index", index);
    result.put("object", "score");
    result.put("bound", score.bound().name());
    result.put("bits_per_character", score.bitsPerCharacter());
    result.put("standard_error", Double.isFinite(score.standardError()) ? score.standardError() : null);
    result.put("characters", score.characters());
    result.put("tokens", score.tokens());
    result.put("nats", score.nats());
    if (perToken) {
      result.put("pieces", score.perToken().stream().map(Score.Piece::text).toList());
      result.put("bits", score.perToken().stream().map(Score.Piece::bits).toList());
    }
    return result;
  }
}
