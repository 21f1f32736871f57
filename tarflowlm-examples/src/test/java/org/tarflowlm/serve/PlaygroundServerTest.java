package org.tarflowlm.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.tarflowlm.Score;
import org.tarflowlm.ScoringOptions;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.cli.TinyModels;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.generate.FlowView;
import org.tarflowlm.generate.Generation;
import org.tarflowlm.generate.GenerationOptions;

/** The server answers what the library gives. */
class PlaygroundServerTest {
  private static TarFlowLM flows;
  private static PlaygroundServer server;
  private static Http http;

  @BeforeAll
  static void start() {
    flows = model(ModelType.TARFLOW, "tiny");
    TarFlowLM mix1 = new Named("tiny/mix1", TinyModels.checkpoint(new TarFlowConfig(ModelType.TARFLOW, 27, 32, 4, 16, 2, 1, null,
        List.of(FlowSpec.mix1(1, 2, Direction.LEFT_TO_RIGHT)), null, null, 16, null)));
    server = new PlaygroundServer(List.of(flows, model(ModelType.AUTOREGRESSIVE, "tiny/twin"), mix1),
        ServeOptions.defaults().withAddress("127.0.0.1", 0));
    http = new Http(server.address());
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  static TarFlowLM model(ModelType type, String id) {
    return new Named(id, TinyModels.checkpoint(type));
  }

  /** An untrained model under a name. */
  private static final class Named extends TarFlowLM {
    Named(String id, Checkpoint checkpoint) {
      super(id, checkpoint);
    }
  }

  private static GenerationOptions options(int tokens, long seed) {
    return flows.generationOptions().withBatchSize(1).withMaxNewTokens(tokens).withSeed(seed);
  }

  @Test
  void modelsAreListed() {
    JsonNode list = http.ask("/v1/models", null);
    assertEquals("list", list.get("object").asText());
    assertEquals("tiny", list.get("data").get(0).get("id").asText());
    assertEquals(2, list.get("data").get(0).get("flows").size());
    assertEquals("tiny/twin", http.ask("/v1/models/" + URLEncoder.encode("tiny/twin", StandardCharsets.UTF_8), null).get("id").asText());
    assertEquals("model_not_found", Http.error(404, http.get("/v1/models/other")).get("code").asText());
  }

  @Test
  void completionsAreThoseOfTheLibrary() {
    JsonNode answer = http.ask("/v1/completions", """
        {"model": "tiny", "prompt": ["the whale ", "a man"], "n": 2, "max_tokens": 40, "seed": 7, "echo": true, "user": "me",
         "best_of": 2, "presence_penalty": 0.0, "logit_bias": {}, "suffix": null}""");
    assertEquals("text_completion", answer.get("object").asText());
    assertEquals(7, answer.get("seed").asInt());
    List<String> prompts = List.of("the whale ", "the whale ", "a man", "a man");
    for (int i = 0; i < 4; i++) {
      JsonNode choice = answer.get("choices").get(i);
      assertEquals(prompts.get(i) + flows.generate(prompts.get(i), options(40, 7 + i)).get(0).text(), choice.get("text").asText());
      assertEquals("length", choice.get("finish_reason").asText());
      assertEquals(i, choice.get("index").asInt());
    }
    assertEquals(15, answer.get("usage").get("prompt_tokens").asInt());
    assertEquals(160, answer.get("usage").get("completion_tokens").asInt());
  }

  @Test
  void streamsAreTheSameTextInParts() {
    for (String model : List.of("tiny", "tiny/twin")) {
      String body = "{\"model\": \"" + model + "\", \"prompt\": \"the whale \", \"max_tokens\": 60, \"seed\": 3, \"n\": 2, ";
      JsonNode whole = http.ask("/v1/completions", body + "\"stream\": false}");
      List<JsonNode> events = http.events("/v1/completions", body + "\"stream\": true, \"stream_options\": {\"include_usage\": true}}");
      String[] texts = {"", ""};
      for (JsonNode event : events) {
        for (JsonNode choice : event.get("choices")) {
          texts[choice.get("index").asInt()] += choice.get("text").asText();
        }
      }
      assertEquals(List.of(whole.at("/choices/0/text").asText(), whole.at("/choices/1/text").asText()), List.of(texts));
      assertTrue(events.size() > 4, "parts: " + events.size());
      assertEquals("length", events.get(events.size() - 2).at("/choices/0/finish_reason").asText());
      assertEquals(120, events.get(events.size() - 1).at("/usage/completion_tokens").asInt());
    }
  }

  @Test
  void stopStringsEndATextAndAreLeftOut() {
    String text = flows.generate("", options(60, 5)).get(0).text();
    String stop = text.substring(20, 23);
    String expected = text.substring(0, text.indexOf(stop));
    String body = "{\"max_tokens\": 60, \"seed\": 5, \"stop\": [\"" + stop + "\"], \"stream\": ";
    JsonNode whole = http.ask("/v1/completions", body + "false}");
    assertEquals(expected, whole.at("/choices/0/text").asText());
    assertEquals("stop", whole.at("/choices/0/finish_reason").asText());
    StringBuilder streamed = new StringBuilder();
    http.events("/v1/completions", body + "true}").forEach(each -> streamed.append(each.at("/choices/0/text").asText()));
    assertEquals(expected, streamed.toString());
  }

  @Test
  void logprobsAreThoseOfTheScorer() {
    JsonNode answer = http.ask("/v1/completions",
        "{\"prompt\": \"the whale\", \"max_tokens\": 0, \"echo\": true, \"logprobs\": 1, \"seed\": 4}");
    JsonNode logprobs = answer.at("/choices/0/logprobs");
    List<Score.Piece> pieces = flows.score("the whale", ScoringOptions.defaults().withSeed(4).withPerToken(true)).perToken();
    for (int t = 0; t < pieces.size(); t++) {
      assertEquals(-pieces.get(t).bits() * Math.log(2), logprobs.get("token_logprobs").get(t).asDouble(), 1e-12);
      assertEquals(t, logprobs.get("text_offset").get(t).asInt());
    }
    assertEquals("w", logprobs.get("tokens").get(4).asText());
    JsonNode written = http.ask("/v1/completions", "{\"prompt\": \"the whale\", \"max_tokens\": 5, \"logprobs\": 0}");
    assertEquals(5, written.at("/choices/0/logprobs/tokens").size());
    assertEquals(9, written.at("/choices/0/logprobs/text_offset/0").asInt());
  }

  @Test
  void alternativesAreTheMostProbableTokensAndTheOneThatIsThere() {
    JsonNode logprobs = http.ask("/v1/completions", """
        {"model": "tiny/twin", "prompt": "the whale", "max_tokens": 40, "echo": true, "logprobs": 5, "seed": 4}""")
        .at("/choices/0/logprobs");
    assertEquals(49, logprobs.get("top_logprobs").size());
    boolean others = false;
    for (int t = 0; t < 49; t++) {
      JsonNode top = logprobs.get("top_logprobs").get(t);
      String there = logprobs.get("tokens").get(t).asText();
      assertEquals(logprobs.get("token_logprobs").get(t).asDouble(), top.get(there).asDouble());
      List<Double> falling = new ArrayList<>();
      top.forEach(each -> falling.add(each.asDouble()));
      assertTrue(top.size() == 5 || top.size() == 6, top.toString());
      assertEquals(falling.stream().sorted(Comparator.reverseOrder()).toList(), falling);
      assertTrue(falling.stream().mapToDouble(Math::exp).sum() <= 1 + 1e-6, top.toString());
      others |= top.size() == 6;
    }
    assertTrue(others, "an untrained model writes improbable tokens too");
    String body = "{\"prompt\": \"the whale\", \"max_tokens\": 0, \"echo\": true, \"logprobs\": 2, \"model\": \"tiny";
    assertEquals(9, http.ask("/v1/completions", body + "\"}").at("/choices/0/logprobs/top_logprobs").size());
    assertTrue(http.ask("/v1/completions", body + "/mix1\"}").at("/choices/0/logprobs/top_logprobs").isNull(), "it knows no tokens");
    JsonNode none = http.ask("/v1/completions", body.replace(": 2", ": 0") + "/twin\"}").at("/choices/0/logprobs");
    assertTrue(none.get("tokens").size() == 9 && none.get("top_logprobs").isNull(), none.toString());
  }

  @Test
  void promptsMayBeTokenIds() {
    String ids = Arrays.toString(flows.tokenizer().encode("the whale "));
    String rest = ", \"max_tokens\": 20, \"seed\": 7, \"echo\": true}";
    JsonNode text = http.ask("/v1/completions", "{\"prompt\": \"the whale \"" + rest);
    JsonNode one = http.ask("/v1/completions", "{\"prompt\": " + ids + rest);
    assertEquals(text.at("/choices/0/text"), one.at("/choices/0/text"));
    assertEquals(text.get("usage"), one.get("usage"));
    JsonNode two = http.ask("/v1/completions", "{\"prompt\": [" + ids + ", [0, 26]]" + rest);
    assertEquals(text.at("/choices/0/text"), two.at("/choices/0/text"));
    assertTrue(two.at("/choices/1/text").asText().startsWith(flows.tokenizer().decode(new int[] {0, 26})));
    String message = Http.error(400, http.post("/v1/completions", "{\"prompt\": [[1], [2, 27]]}")).get("message").asText();
    assertEquals("prompt[1][1] is 27; expected a token id from 0 to 26", message);
  }

  @Test
  void scoresAreThoseOfTheLibrary() {
    JsonNode answer = http.ask("/v1/score", "{\"model\": \"tiny\", \"input\": [\"call me ishmael\", \"a\"], \"per_token\": true}");
    assertEquals(flows.score("call me ishmael").bitsPerCharacter(), answer.at("/data/0/bits_per_character").asDouble());
    assertEquals("ELBO", answer.at("/data/0/bound").asText());
    double sum = 0;
    for (JsonNode each : answer.at("/data/0/bits")) {
      sum += each.asDouble();
    }
    assertEquals(answer.at("/data/0/bits_per_character").asDouble(), sum / 15, 1e-4); // the server sums floats in another order
    assertEquals(1, answer.at("/data/1/pieces").size());
    assertTrue(answer.at("/data/1/standard_error").isNull());
    assertEquals("EXACT", http.ask("/v1/score", "{\"model\": \"tiny/twin\", \"input\": \"a\"}").at("/data/0/bound").asText());
  }

  @Test
  void flowsAndGapsAreThoseOfTheLibrary() {
    Generation expected = flows.generate("the ", options(12, 9).withShowFlows(true)).get(0);
    JsonNode written = http.ask("/v1/flows", "{\"prompt\": \"the \", \"max_tokens\": 12, \"seed\": 9}");
    assertEquals(expected.text(), written.at("/choices/0/text").asText());
    FlowView view = FlowView.of(expected, flows.config(), flows.tokenizer());
    for (int i = 0; i < 3; i++) {
      assertEquals(view.passes().get(i).text(), written.at("/choices/0/passes").get(i).get("text").asText());
      assertEquals(view.passes().get(i).changes(), written.at("/choices/0/passes").get(i).get("changed").size());
    }
    JsonNode read = http.ask("/v1/flows", "{\"text\": \"call me\", \"seed\": 2}");
    assertEquals(flows.tokenizer().decode(flows.read("call me", 2).levels()[2]), read.at("/choices/0/passes/0/text").asText());
    JsonNode filled = http.ask("/v1/infill",
        "{\"prompt\": \"the \", \"gap\": 5, \"suffix\": \" whale\", \"seed\": 1, \"refinements\": 3, \"n\": 2, \"flows\": true}");
    assertEquals(flows.infill("the ", 5, " whale", options(5, 2).withRefinements(3)).get(0).text(),
        filled.at("/choices/1/text").asText());
    assertEquals(3, filled.at("/choices/1/passes").size());
  }

  @Test
  void walksAreThoseOfTheLibrary() {
    JsonNode walk = http.ask("/v1/interpolate", "{\"from\": \"a man\", \"to\": \"whale\", \"steps\": 4, \"seed\": 3}");
    List<String> texts = new ArrayList<>();
    walk.get("texts").forEach(each -> texts.add(each.asText()));
    assertEquals(flows.interpolate("a man", "whale", 4, 3), texts);
  }
}
