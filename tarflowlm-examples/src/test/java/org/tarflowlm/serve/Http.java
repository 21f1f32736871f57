package org.tarflowlm.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A client of the server. */
final class Http {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final InetSocketAddress address;

  Http(InetSocketAddress address) {
    this.address = address;
  }

  HttpResponse<String> send(String method, String path, String body, String... headers) {
    HttpRequest.Builder request = HttpRequest.newBuilder(uri(path)).timeout(PATIENCE).method(method,
        body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    try {
      return client.send(request.build(), BodyHandlers.ofString());
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(method + " " + path, e);
    }
  }

  URI uri(String path) {
    return URI.create("http://127.0.0.1:" + address.getPort() + path);
  }

  HttpResponse<String> get(String path) {
    return send("GET", path, null);
  }

  HttpResponse<String> post(String path, String body) {
    return send("POST", path, body, "content-type", "application/json");
  }

  /** Asks, checks that the request succeeded, and returns the answer. */
  JsonNode ask(String path, String body) {
    HttpResponse<String> response = body == null ? get(path) : post(path, body);
    assertEquals(200, response.statusCode(), response.body());
    return json(response.body());
  }

  /** Data of a stream's events, without the last one, which ends the stream. */
  List<JsonNode> events(String path, String body) {
    HttpResponse<String> response = post(path, body);
    assertEquals(200, response.statusCode(), response.body());
    assertTrue(response.headers().firstValue("content-type").orElse("").startsWith("text/event-stream"));
    assertTrue(response.body().endsWith("data: [DONE]\n\n"), response.body());
    List<JsonNode> events = new ArrayList<>();
    for (String each : response.body().split("\n\n")) {
      if (!each.equals("data: [DONE]")) {
        events.add(json(each.substring("data: ".length())));
      }
    }
    return events;
  }

  /** Checks that a response is an error in OpenAI's form, and says nothing of the server's internals. */
  static JsonNode error(int status, HttpResponse<String> response) {
    assertEquals(status, response.statusCode(), response.body());
    assertFalse(response.body().contains("Exception") || response.body().contains("org.tarflowlm"), response.body());
    JsonNode error = json(response.body()).get("error");
    assertTrue(error.get("message").isTextual() && error.get("type").isTextual() && error.has("param") && error.has("code"),
        response.body());
    return error;
  }

  static JsonNode json(String text) {
    try {
      return Fields.JSON.readTree(text);
    } catch (IOException e) {
      throw new AssertionError(text, e);
    }
  }

  /** Sends these very bytes, and returns what the server answers until it closes the connection. */
  String raw(String request) throws IOException {
    try (Socket socket = open(request)) {
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  Socket open(String request) throws IOException {
    Socket socket = new Socket(address.getAddress(), address.getPort());
    socket.setSoTimeout((int) PATIENCE.toMillis());
    socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
    return socket;
  }

  static String rawPost(String path, String body) {
    return "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " + body.length()
        + "\r\n\r\n" + body;
  }
}
