package org.tarflowlm.serve;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.tarflowlm.Score;
import org.tarflowlm.ScoringOptions;
import org.tarflowlm.command.Json;

/** {@code POST /v1/score}: the likelihood of texts. */
record Scores(ServeOptions limits, Metrics metrics) implements Router.Endpoint {
  private static final int MOST_SAMPLES = 64;

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
        tokens += TextRequest.encode(model, "input", text, 0, limits).length;
      }
      ServedModel.requireUninterrupted();
      for (Score each : model.model().score(texts, options.withPerToken(perToken))) {
        data.add(score(each, perToken, data.size()));
      }
      metrics.tokens(model, "scored", tokens);
      exchange.json(Json.object("object", "list", "model", model.id(), "data", data, "usage", TextRequest.usage(tokens, 0)));
    };
  }

  private static Map<String, Object> score(Score score, boolean perToken, int index) {
    Map<String, Object> result = Json.object("index", index, "object", "score", "bound", score.bound().name(),
        "bits_per_character", score.bitsPerCharacter(),
        "standard_error", Double.isFinite(score.standardError()) ? score.standardError() : null, "characters", score.characters(),
        "tokens", score.tokens(), "nats", score.nats());
    if (perToken) {
      result.put("pieces", score.perToken().stream().map(Score.Piece::text).toList());
      result.put("bits", score.perToken().stream().map(Score.Piece::bits).toList());
    }
    return result;
  }
}
