package org.tarflowlm.serve;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** {@code POST /v1/interpolate}: a walk from one text to another through the space of noises. */
final class Walks implements Endpoint {
  private static final int STEPS = 9;
  private static final int MOST_STEPS = 64;

  private final ServeOptions limits;

  Walks(ServeOptions limits) {
    this.limits = limits;
  }

  @Override
  public Jobs.Work read(Fields fields, ServedModel model) {
    model.requireFlows();
    String from = fields.text("from", "");
    String to = fields.text("to", "");
    int steps = fields.whole("steps", STEPS, 2, MOST_STEPS);
    long seed = fields.whole("seed", 1, Long.MIN_VALUE, Long.MAX_VALUE);
    return exchange -> {
      int tokens = TextRequest.encode(model, "from", from, 0, limits).length;
      TextRequest.encode(model, "to", to, (steps - 1) * tokens, limits);
      List<String> texts = model.model().interpolate(from, to, steps, seed);
      Map<String, Object> answer = new LinkedHashMap<>();
      answer.put("object", "interpolation");
      answer.put("model", model.id());
      answer.put("seed", seed);
      answer.put("texts", texts);
      exchange.json(answer);
    };
  }
}
