package org.tarflowlm.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tarflowlm.config.ModelType;

/** The server names faults, describes its addresses, and serves pages and metrics. */
class PlaygroundInterfaceTest {
  private static PlaygroundServer server;
  private static Http http;

  @BeforeAll
  static void start() {
    server = new PlaygroundServer(
        List.of(PlaygroundServerTest.model(ModelType.TARFLOW, "tiny"), PlaygroundServerTest.model(ModelType.AUTOREGRESSIVE, "tiny/twin")),
        ServeOptions.defaults().withAddress("127.0.0.1", 0));
    http = new Http(server.address());
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "completions | {                                             | 400 |",
      "completions | []                                            | 400 |",
      "completions | {\"prompt\": \"a\"} {}                        | 400 |",
      "completions | {\"prompt\": \"a\", \"prompt\": \"b\"}        | 400 |",
      "completions | {\"promt\": \"a\"}                            | 400 | promt",
      "completions | {\"prompt\": 3}                               | 400 | prompt",
      "completions | {\"prompt\": []}                              | 400 | n",
      "completions | {\"prompt\": [1, \"a\"]}                      | 400 | prompt",
      "completions | {\"prompt\": [1, -1]}                         | 400 | prompt",
      "completions | {\"prompt\": [1.5]}                           | 400 | prompt",
      "completions | {\"prompt\": [4294967297]}                    | 400 | prompt",
      "completions | {\"prompt\": [[1], \"a\"]}                    | 400 | prompt",
      "completions | {\"prompt\": [\"a\", [1]]}                    | 400 | prompt",
      "completions | {\"prompt\": [[[1]]]}                         | 400 | prompt",
      "completions | {\"prompt\": [1, 2], \"max_tokens\": 2047}    | 400 | prompt",
      "completions | {\"prompt\": [1], \"logprobs\": 6}            | 400 | logprobs",
      "completions | {\"prompt\": \"The\"}                         | 400 | prompt",
      "completions | {\"max_tokens\": 0}                           | 400 | max_tokens",
      "completions | {\"max_tokens\": 100000000}                   | 400 | max_tokens",
      "completions | {\"max_tokens\": 2048, \"prompt\": \"a\"}     | 400 | prompt",
      "completions | {\"n\": 17}                                   | 400 | n",
      "completions | {\"n\": 9, \"prompt\": [\"a\", \"b\"]}        | 400 | n",
      "completions | {\"temperature\": -1}                         | 400 | temperature",
      "completions | {\"temperature\": \"hot\"}                    | 400 | temperature",
      "completions | {\"top_p\": 0}                                | 400 | top_p",
      "completions | {\"seed\": 1.5}                               | 400 | seed",
      "completions | {\"stop\": [\"\"]}                            | 400 | stop",
      "completions | {\"stream\": 1}                               | 400 | stream",
      "completions | {\"presence_penalty\": 1}                     | 400 | presence_penalty",
      "completions | {\"suffix\": \"end\"}                         | 400 | suffix",
      "completions | {\"model\": \"gpt\"}                          | 404 | model",
      "score       | {}                                            | 400 | input",
      "score       | {\"input\": \"\"}                             | 400 |",
      "score       | {\"input\": \"a\", \"samples\": 1000}         | 400 | samples",
      "infill      | {\"prompt\": \"a\"}                           | 400 | gap",
      "infill      | {\"gap\": 40}                                 | 400 |",
      "infill      | {\"gap\": 4, \"model\": \"tiny/twin\"}        | 400 | model",
      "interpolate | {\"from\": \"a man\", \"to\": \"whales\"}   | 400 |",
      "interpolate | {\"from\": \"a\", \"to\": \"b\", \"steps\": 1} | 400 | steps",
      "flows       | {\"text\": \"a\", \"prompt\": \"b\"}          | 400 | text",
      "flows       | {\"model\": \"tiny/twin\"}                    | 400 | model"})
  void faultsAreNamed(String endpoint, String body, int status, String field) {
    JsonNode error = Http.error(status, http.post("/v1/" + endpoint, body));
    assertEquals(field == null ? "null" : field, error.get("param").asText("null"));
    assertEquals("invalid_request_error", error.get("type").asText());
  }

  @Test
  void theDocumentDescribesEveryAddressAndItsExamplesWork() {
    JsonNode document = http.ask("/openapi.json", null);
    TreeSet<String> described = new TreeSet<>();
    document.get("paths").fieldNames().forEachRemaining(described::add);
    described.remove("/v1/models/{model}");
    assertEquals(server.paths(), described);
    document.get("paths").fields().forEachRemaining(path -> {
      JsonNode content = path.getValue().at("/post/requestBody/content/application~1json");
      if (!content.isMissingNode()) {
        ObjectNode example = content.get("example").deepCopy();
        example.put("model", "tiny");
        if (example.has("suffix")) {
          example.put("suffix", " end");
        }
        http.ask(path.getKey(), example.toString());
        assertFields(document, content.get("schema"), path.getKey());
      }
    });
  }

  /** An error about an unknown field lists all fields; the document lists the same ones. */
  private static void assertFields(JsonNode document, JsonNode reference, String path) {
    JsonNode schema = document.at(reference.get("$ref").asText().substring(1));
    TreeSet<String> described = new TreeSet<>();
    schema.get("properties").fieldNames().forEachRemaining(described::add);
    for (JsonNode each : schema.path("allOf")) {
      document.at(each.get("$ref").asText().substring(1)).get("properties").fieldNames().forEachRemaining(described::add);
    }
    String message = Http.error(400, http.post(path, "{\"nonsense\": 1, \"input\": \"a\", \"gap\": 1}")).get("message").asText();
    TreeSet<String> accepted = new TreeSet<>(Arrays.asList(message.substring(message.indexOf("some of ") + 8).split(", ")));
    assertEquals(accepted, described, path);
  }

  @Test
  void thePageLoadsNothingFromElsewhere() {
    List<String> found = new ArrayList<>();
    for (String path : List.of("/", "/api", "/style.css", "/client.js", "/playground.js", "/api.js", "/icon.svg")) {
      HttpResponse<String> response = http.get(path);
      assertEquals(200, response.statusCode());
      assertTrue(response.headers().firstValue("content-security-policy").orElse("").startsWith("default-src 'none'"));
      String body = response.body().replace("http://www.w3.org/2000/svg", "").replace("http://${location.host}", "");
      if (body.contains("//cdn") || body.contains("http:") || body.contains("https:") || body.contains("innerHTML")) {
        found.add(path);
      }
    }
    assertEquals(List.of(), found);
    assertFalse(http.get("/").body().matches("(?s).*(style=|onclick=|<script>).*"), "the policy forbids inline styles and scripts");
  }

  @Test
  void healthAndMetrics() {
    assertEquals("ok", http.ask("/health", null).get("status").asText());
    http.get("/no-such-page");
    String page = http.get("/metrics").body();
    for (String each : List.of("tarflowlm_requests_total{route=\"/health\",status=\"200\"}", "route=\"other\",status=\"404\"",
        "tarflowlm_request_duration_seconds_bucket", "tarflowlm_queue_length 0", "jvm_memory_used_bytes")) {
      assertTrue(page.contains(each), each);
    }
  }
}
