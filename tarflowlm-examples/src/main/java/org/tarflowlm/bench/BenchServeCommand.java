package org.tarflowlm.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.command.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Loads a server that runs. */
@Command(name = "serve", mixinStandardHelpOptions = true, description = {
    "Send completions to a running server from many clients at once, each one request after another. A client that gets status 429 waits "
        + "as long as Retry-After says.", "Exit code 1 if an answer is neither a text nor status 429."})
public final class BenchServeCommand extends BaseCommand {
  private static final Pattern HEAP = Pattern.compile("(?m)^jvm_memory_used_bytes\\{area=\"heap\"} (\\S+)$");
  private static final Pattern RESIDENT = Pattern.compile("(?m)^process_resident_memory_bytes (\\S+)$");
  private static final int MEMORY_SAMPLES = 10;

  @Option(names = "--url", paramLabel = "URL", defaultValue = "http://127.0.0.1:8080",
      description = "the server; default ${DEFAULT-VALUE}")
  private String url;

  @Option(names = "--clients", paramLabel = "N", defaultValue = "64", description = "clients at once; default ${DEFAULT-VALUE}")
  private int clients;

  @Option(names = "--seconds", paramLabel = "N", defaultValue = "300", description = "duration; default ${DEFAULT-VALUE}")
  private int seconds;

  @Option(names = "--tokens", paramLabel = "N", defaultValue = "64", description = "tokens of a text; default ${DEFAULT-VALUE}")
  private int tokens;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  private HttpClient client;
  private final List<Double> latencies = new ArrayList<>();
  private final Map<String, Integer> outcomes = new TreeMap<>();

  @Override
  public Integer call() throws IOException, InterruptedException {
    client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      int first = i;
      Thread thread = new Thread(() -> ask(first, end), "client-" + i);
      threads.add(thread);
      thread.start();
    }
    List<Long> heap = new ArrayList<>();
    List<Long> resident = new ArrayList<>();
    for (int sample = 0; sample < MEMORY_SAMPLES; sample++) {
      TimeUnit.MILLISECONDS.sleep(seconds * 1000L / MEMORY_SAMPLES);
      String metrics = client.send(HttpRequest.newBuilder(URI.create(url + "/metrics")).build(), BodyHandlers.ofString()).body();
      heap.add(megabytes(HEAP, metrics));
      resident.add(megabytes(RESIDENT, metrics));
    }
    for (Thread each : threads) {
      each.join();
    }
    print(heap, resident);
    return outcomes.keySet().stream().allMatch(each -> each.equals("200") || each.equals("429")) ? 0 : 1;
  }

  /** One client, with seeds of its own. */
  private void ask(int first, long end) {
    for (long seed = first; System.nanoTime() < end; seed += clients) {
      long begin = System.nanoTime();
      String outcome;
      long wait = 0;
      try {
        HttpResponse<String> response = client.send(HttpRequest.newBuilder(URI.create(url + "/v1/completions"))
            .timeout(Duration.ofSeconds(120)).header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString("{\"prompt\": \"the \", \"max_tokens\": " + tokens + ", \"seed\": " + seed + "}"))
            .build(), BodyHandlers.ofString());
        outcome = Integer.toString(response.statusCode());
        wait = response.headers().firstValueAsLong("retry-after").orElse(0);
        JsonNode answer = new ObjectMapper().readTree(response.body());
        if (response.statusCode() == 200 && answer.at("/usage/completion_tokens").asInt() != tokens) {
          outcome = "200 with another text than asked for";
        }
      } catch (IOException e) {
        outcome = e.toString();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
      note(outcome, (System.nanoTime() - begin) / 1e9);
      try {
        TimeUnit.NANOSECONDS.sleep(Math.max(0, Math.min(TimeUnit.SECONDS.toNanos(wait), end - System.nanoTime())));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private synchronized void note(String outcome, double latency) {
    outcomes.merge(outcome, 1, Integer::sum);
    if (outcome.equals("200")) {
      latencies.add(latency);
    }
  }

  /** -1 if the server does not say. */
  private static long megabytes(Pattern pattern, String metrics) {
    Matcher found = pattern.matcher(metrics);
    return found.find() ? Math.round(Double.parseDouble(found.group(1)) / 1e6) : -1;
  }

  private void print(List<Long> heap, List<Long> resident) {
    double[] sorted = latencies.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    Map<String, Object> result = Json.object("clients", clients, "seconds", seconds, "tokensPerText", tokens, "outcomes", outcomes,
        "tokensPerSecond", (double) sorted.length * tokens / seconds, "p50Seconds", quantile(sorted, 0.5),
        "p99Seconds", quantile(sorted, 0.99), "maxSeconds", quantile(sorted, 1), "heapMegabytes", heap, "residentMegabytes", resident);
    if (json) {
      out().println(Json.of(result));
      return;
    }
    out().printf("%d clients, %d s, texts of %d tokens: answers %s%n%.0f tokens/s; seconds to an answer: p50 %.2f, p99 %.2f, most %.2f%n"
            + "MB of the server over time: heap %s, resident %s%n", clients, seconds, tokens, outcomes,
        (double) result.get("tokensPerSecond"), (double) result.get("p50Seconds"), (double) result.get("p99Seconds"),
        (double) result.get("maxSeconds"), heap, resident);
  }

  private static double quantile(double[] sorted, double share) {
    return sorted.length == 0 ? 0 : sorted[(int) Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
  }
}
