package org.tarflowlm.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tarflowlm.config.ModelType;

/** The server keeps its limits and refuses what exceeds them. It has one worker and two places in the queue. */
class ServerSafetyTest {
  private static final String BODY = "{\"prompt\": \"a\", \"max_tokens\": 4}";

  private static PlaygroundServer server;
  private static Http http;
  private final CountDownLatch busy = new CountDownLatch(1);

  @BeforeAll
  static void start() {
    server = server(Duration.ofSeconds(60));
    http = new Http(server.address());
  }

  private static PlaygroundServer server(Duration timeLimit) {
    return new PlaygroundServer(List.of(PlaygroundServerTest.model(ModelType.TARFLOW, "tiny")), ServeOptions.defaults()
        .withAddress("127.0.0.1", 0).withAllowed(List.of("play.example"), List.of("https://site.example"))
        .withSizes(10_000, 1 << 20, 4).withLoad(timeLimit, 2, 1, 50));
  }

  @AfterEach
  void letGo() {
    busy.countDown();
    await(() -> server.jobs().running() == 0);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static Exchange exchange() {
    EmbeddedChannel channel = new EmbeddedChannel(new ChannelInboundHandlerAdapter());
    return new Exchange(channel.pipeline().firstContext(), new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.POST, "/",
        Unpooled.EMPTY_BUFFER), new Gate(List.of(), List.of()), () -> { });
  }

  /** The only worker stays busy until the test releases it. */
  private void occupyWorker() {
    server.jobs().submit(exchange(), exchange -> {
      try {
        busy.await();
      } catch (InterruptedException e) {
        throw new CancellationException();
      }
    });
    await(() -> server.jobs().running() == 1);
  }

  private static void await(BooleanSupplier condition) {
    for (long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30); !condition.getAsBoolean();) {
      assertTrue(System.nanoTime() < end, "waited in vain");
      try {
        Thread.sleep(5);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  private CompletableFuture<HttpResponse<String>> later() {
    return CompletableFuture.supplyAsync(() -> http.post("/v1/completions", BODY), task -> new Thread(task).start());
  }

  @Test
  void aFullQueueIsAnErrorThatSaysWhenToRetry() {
    occupyWorker();
    List<CompletableFuture<HttpResponse<String>>> queued = List.of(later(), later());
    await(() -> server.jobs().waiting() == 2);
    HttpResponse<String> refused = http.post("/v1/completions", BODY);
    assertEquals("queue_full", Http.error(429, refused).get("code").asText());
    assertTrue(refused.headers().firstValueAsLong("retry-after").orElse(0) >= 1);
    assertEquals(200, http.get("/health").statusCode(), "health does not queue");
    busy.countDown();
    queued.forEach(each -> assertEquals(200, each.join().statusCode()));
  }

  @Test
  void aClientThatGoesAwayLeavesTheQueue() throws IOException {
    occupyWorker();
    try (Socket socket = http.open(Http.rawPost("/v1/completions", BODY))) {
      await(() -> server.jobs().waiting() == 1);
    }
    await(() -> server.jobs().waiting() == 0);
    await(() -> http.get("/metrics").body().contains("tarflowlm_requests_total{route=\"/v1/completions\",status=\"499\"}"));
  }

  /** A million tokens, or refinements of a quarter of a million windows, take far longer than the test waits. */
  @ParameterizedTest
  @ValueSource(strings = {"completions {\"max_tokens\": 1000000}", "completions {\"max_tokens\": 1000000, \"stream\": true}",
      "completions {\"max_tokens\": 1000000, \"refinements\": 256, \"prompt\": \"a\"}", "flows {\"max_tokens\": 1000000}"})
  void aClientThatGoesAwayEndsTheComputation(String request) throws IOException {
    String[] parts = request.split(" ", 2);
    try (Socket socket = http.open(Http.rawPost("/v1/" + parts[0], parts[1]))) {
      await(() -> server.jobs().running() == 1);
    }
    await(() -> server.jobs().running() == 0);
    assertEquals(200, http.post("/v1/completions", BODY).statusCode(), "the worker takes the next request");
  }

  @Test
  void timeIsLimited() {
    try (PlaygroundServer hasty = server(Duration.ofMillis(300))) {
      Http client = new Http(hasty.address());
      assertEquals("time_limit", Http.error(503, client.post("/v1/completions", "{\"max_tokens\": 1000000}")).get("code").asText());
      String stream = client.post("/v1/completions", "{\"max_tokens\": 1000000, \"stream\": true}").body();
      assertTrue(stream.contains("\"code\":\"time_limit\"") && !stream.contains("[DONE]"), () -> stream.substring(stream.length() - 300));
      await(() -> hasty.jobs().running() == 0);
    }
  }

  @Test
  void bodiesAndTextsAreLimited() {
    assertEquals("too_large", Http.error(413, http.post("/v1/score", "{\"input\": \"" + "a".repeat(20_000) + "\"}")).get("code").asText());
    assertEquals("n", Http.error(400, http.post("/v1/completions", "{\"n\": 5}")).get("param").asText());
    assertEquals(200, http.post("/v1/completions", BODY).statusCode(), "the connection stays open");
  }

  @ParameterizedTest
  @ValueSource(strings = {"localhost", "LOCALHOST:8080", "127.0.0.1", "[::1]:80", "192.168.1.7:8080", "play.example", "Play.Example:443"})
  void hostsThatCannotBeRebound(String host) throws IOException {
    assertTrue(raw("GET /health HTTP/1.1\r\nHost: " + host).startsWith("HTTP/1.1 200 "));
  }

  @ParameterizedTest
  @ValueSource(strings = {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "[::1", "localhost:x",
      "localhost\r\nHost: evil.example", "user@localhost"})
  void hostsThatMayHaveBeenRebound(String host) throws IOException {
    String response = raw("GET / HTTP/1.1\r\nHost: " + host);
    assertTrue(response.startsWith("HTTP/1.1 403 ") || response.startsWith("HTTP/1.1 400 "), response);
  }

  @Test
  void otherSitesMayNotCallUnlessNamed() {
    assertEquals("origin_not_allowed",
        Http.error(403, http.send("GET", "/v1/models", null, "origin", "http://evil.example")).get("code").asText());
    HttpResponse<String> preflight = http.send("OPTIONS", "/v1/completions", null, "origin", "https://site.example",
        "access-control-request-method", "POST");
    assertEquals("https://site.example", preflight.headers().firstValue("access-control-allow-origin").orElse(""));
    assertFalse(http.get("/v1/models").headers().map().keySet().stream().anyMatch(each -> each.startsWith("access-control")));
    String own = "http://127.0.0.1:" + server.address().getPort();
    assertEquals(200, http.send("GET", "/v1/models", null, "origin", own).statusCode());
    assertEquals("not_json",
        Http.error(415, http.send("POST", "/v1/completions", BODY, "content-type", "text/plain")).get("code").asText());
    assertEquals("encoded", Http.error(415, http.send("POST", "/v1/completions", BODY, "content-type", "application/json",
        "content-encoding", "gzip")).get("code").asText());
  }

  @ParameterizedTest
  @ValueSource(strings = {"/../pom.xml", "/..%2f..%2fetc/passwd", "//etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/index.html%00",
      "/..\\..\\x", "/org/tarflowlm/serve/Jobs.class", "/v1/models/..%2f..%2f"})
  void pathsLeadNowhereElse(String path) throws IOException {
    String response = raw("GET " + path + " HTTP/1.1\r\nHost: localhost");
    assertTrue(response.startsWith("HTTP/1.1 404 "), response);
  }

  @Test
  void whatIsNoHttpIsRefused() throws IOException {
    assertTrue(http.raw("NONSENSE\r\n\r\n").startsWith("HTTP/1.1 400 "));
    assertTrue(raw("GET /" + "a".repeat(9_000) + " HTTP/1.1\r\nHost: localhost").startsWith("HTTP/1.1 414 "));
    assertTrue(raw("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + "a".repeat(9_000)).startsWith("HTTP/1.1 431 "));
    assertTrue(http.raw("POST /v1/score HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        .startsWith("HTTP/1.1 4"));
    assertEquals(405, http.get("/v1/completions").statusCode());
    assertEquals(405, http.send("DELETE", "/v1/models", null).statusCode());
    assertEquals("", http.send("HEAD", "/", null).body());
  }

  @Test
  void requestsOfOneConnectionAreAnsweredInTurn() throws IOException {
    String two = http.raw(Http.rawPost("/v1/completions", "{\"prompt\": \"a\", \"max_tokens\": 3, \"seed\": 1}")
        + "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assertTrue(two.indexOf("text_completion") > 0 && two.indexOf("text_completion") < two.indexOf("{\"status\":\"ok\"}"), two);
    String old = http.raw("GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n");
    assertTrue(old.endsWith("{\"status\":\"ok\"}"), old);
  }

  @Test
  void anAddressThatIsTakenIsAnErrorOfOneLine() {
    UncheckedIOException failure = assertThrows(UncheckedIOException.class, () -> new PlaygroundServer(
        List.of(PlaygroundServerTest.model(ModelType.TARFLOW, "tiny")),
        ServeOptions.defaults().withAddress("127.0.0.1", server.address().getPort())));
    assertTrue(failure.getCause().getMessage().contains("Address already in use"), failure.getMessage());
  }

  @Test
  void aFailureOfTheServerIsNotExplainedToClients() {
    Exchange exchange = exchange();
    CompletableFuture<Integer> status = new CompletableFuture<>();
    exchange.onEnd(status::complete);
    server.jobs().submit(exchange, each -> {
      throw new IllegalStateException("secret");
    });
    assertEquals(500, status.join());
  }

  private String raw(String head) throws IOException {
    return http.raw(head + "\r\nConnection: close\r\n\r\n");
  }
}
