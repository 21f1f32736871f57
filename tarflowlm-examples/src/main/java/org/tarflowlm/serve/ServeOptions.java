package org.tarflowlm.serve;

import java.time.Duration;
import java.util.List;

/**
 * Where the server listens, and its limits.
 *
 * @param host address to listen on
 * @param port 0 for any free port
 * @param allowedHosts names, besides localhost and IP addresses, under which clients may reach the server
 * @param allowedOrigins web origins whose pages may call the server, such as {@code https://example.org}
 * @param maxBody most bytes of a request's body
 * @param maxTokens most tokens per text, including the prompt
 * @param maxTexts most texts per request
 * @param timeLimit longest time from a request's arrival to its last byte
 * @param queue most requests that wait for a worker; further ones get status 429
 * @param workers requests that are computed at once
 * @param maxConnections most open connections; further ones are closed
 */
public record ServeOptions(String host, int port, List<String> allowedHosts, List<String> allowedOrigins, int maxBody, int maxTokens,
    int maxTexts, Duration timeLimit, int queue, int workers, int maxConnections) {

  /** @throws IllegalArgumentException if a value is out of its range */
  public ServeOptions {
    requireWithin("port", port, 0, 65_535);
    requireWithin("maxBody", maxBody, 1, 1 << 28);
    requireWithin("maxTokens", maxTokens, 1, 1 << 20);
    requireWithin("maxTexts", maxTexts, 1, 1 << 10);
    requireWithin("queue", queue, 1, 1 << 16);
    requireWithin("workers", workers, 1, 1 << 10);
    requireWithin("maxConnections", maxConnections, 1, 1 << 16);
    if (timeLimit.isNegative() || timeLimit.isZero()) {
      throw new IllegalArgumentException("timeLimit is " + timeLimit + "; expected more than 0");
    }
    allowedHosts = List.copyOf(allowedHosts);
    allowedOrigins = List.copyOf(allowedOrigins);
  }

  /** Loopback, port 8080, one worker per core. */
  public static ServeOptions defaults() {
    return new ServeOptions("127.0.0.1", 8080, List.of(), List.of(), 1 << 18, 2048, 16, Duration.ofSeconds(60), 64,
        Runtime.getRuntime().availableProcessors(), 512);
  }

  public ServeOptions withAddress(String newHost, int newPort) {
    return new ServeOptions(newHost, newPort, allowedHosts, allowedOrigins, maxBody, maxTokens, maxTexts, timeLimit, queue, workers,
        maxConnections);
  }

  public ServeOptions withAllowed(List<String> hosts, List<String> origins) {
    return new ServeOptions(host, port, hosts, origins, maxBody, maxTokens, maxTexts, timeLimit, queue, workers, maxConnections);
  }

  public ServeOptions withSizes(int body, int tokens, int texts) {
    return new ServeOptions(host, port, allowedHosts, allowedOrigins, body, tokens, texts, timeLimit, queue, workers, maxConnections);
  }

  public ServeOptions withLoad(Duration limit, int waiting, int atOnce, int connections) {
    return new ServeOptions(host, port, allowedHosts, allowedOrigins, maxBody, maxTokens, maxTexts, limit, waiting, atOnce, connections);
  }

  private static void requireWithin(String name, int value, int least, int most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(name + " is " + value + "; expected " + least + " to " + most);
    }
  }
}
