package org.tarflowlm.serve;

import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;

/** Finds the endpoint that answers a request. */
final class Router implements Consumer<Exchange> {
  private static final Logger LOG = LogManager.getLogger(Router.class);
  private static final String MODELS = "/v1/models";

  private final Gate gate;
  private final Jobs jobs;
  private final Metrics metrics;
  private final Map<String, ServedModel> models;
  private final Pages pages = new Pages();
  private final Map<String, Consumer<Exchange>> gets = new LinkedHashMap<>();
  private final Map<String, Endpoint> posts = new LinkedHashMap<>();
  private final Consumer<Exchange> limitTime;

  /**
   * @param models by id; the first answers requests that do not name a model
   * @param limitTime cancels an exchange when its time is up
   */
  Router(ServeOptions options, Gate gate, Jobs jobs, Metrics metrics, Map<String, ServedModel> models, Consumer<Exchange> limitTime) {
    this.gate = gate;
    this.jobs = jobs;
    this.metrics = metrics;
    this.models = models;
    this.limitTime = limitTime;
    gets.put(MODELS, exchange -> exchange.json(Map.of("object", "list",
        "data", models.values().stream().map(ServedModel::description).toList())));
    gets.put("/health", exchange -> exchange.json(Map.of("status", "ok")));
    gets.put("/metrics", exchange -> exchange.bytes("text/plain; version=0.0.4; charset=utf-8", metrics.page()));
    posts.put("/v1/completions", new Completions(options, metrics));
    posts.put("/v1/score", new Scores(options, metrics));
    Flows flows = new Flows(options, metrics);
    posts.put("/v1/flows", flows::flows);
    posts.put("/v1/infill", flows::infill);
    posts.put("/v1/interpolate", flows::interpolate);
  }

  /** Paths for programs; a test compares them with the OpenAPI document. */
  TreeSet<String> paths() {
    TreeSet<String> paths = new TreeSet<>(gets.keySet());
    paths.addAll(posts.keySet());
    return paths;
  }

  @Override
  public void accept(Exchange exchange) {
    long begin = System.nanoTime();
    String route = route(exchange.path());
    exchange.onEnd(status -> metrics.ended(route, status, (System.nanoTime() - begin) / 1e9));
    try {
      requireWhole(exchange);
      gate.check(exchange.request());
      answer(exchange);
    } catch (ApiException e) {
      exchange.fail(e);
    } catch (RuntimeException e) {
      LOG.error("{} failed", route, e);
      exchange.fail(ApiException.internal());
    }
  }

  private static void requireWhole(Exchange exchange) {
    Throwable fault = exchange.request().decoderResult().cause();
    if (fault instanceof Exchange.TooLargeException) {
      throw ApiException.refused(413, "too_large", fault.getMessage());
    } else if (fault instanceof TooLongHttpLineException) {
      throw ApiException.refused(414, "uri_too_long", "the address is too long");
    } else if (fault instanceof TooLongHttpHeaderException) {
      throw ApiException.refused(431, "headers_too_long", "the headers are too long");
    } else if (fault != null) {
      throw ApiException.refused(400, "malformed", "the request is not HTTP");
    }
  }

  private void answer(Exchange exchange) {
    HttpMethod method = exchange.request().method();
    String path = exchange.path();
    boolean reads = method.equals(HttpMethod.GET) || method.equals(HttpMethod.HEAD);
    Pages.Page page = pages.get(path);
    if (method.equals(HttpMethod.OPTIONS)) {
      exchange.bytes("text/plain", new byte[0]);
    } else if (page != null && reads) {
      exchange.bytes(page.type(), page.content());
    } else if (gets.containsKey(path) && reads) {
      gets.get(path).accept(exchange);
    } else if (path.startsWith(MODELS + "/") && reads) {
      exchange.json(model(QueryStringDecoder.decodeComponent(path.substring(MODELS.length() + 1))).description());
    } else if (posts.containsKey(path) && method.equals(HttpMethod.POST)) {
      compute(exchange, posts.get(path));
    } else if (page != null || gets.containsKey(path) || posts.containsKey(path)) {
      throw ApiException.refused(405, "method_not_allowed", path + " does not take " + method);
    } else {
      throw ApiException.refused(404, "not_found", "there is nothing at this address; " + String.join(", ", paths()) + " are served");
    }
  }

  private void compute(Exchange exchange, Endpoint endpoint) {
    Fields fields = Fields.of(exchange.body());
    String name = fields.text("model", null);
    Jobs.Work work = endpoint.read(fields, name == null ? models.values().iterator().next() : model(name));
    fields.finish();
    limitTime.accept(exchange);
    jobs.submit(exchange, work);
  }

  private ServedModel model(String name) {
    ServedModel model = models.get(name);
    if (model == null) {
      throw ApiException.noModel(name, List.copyOf(models.keySet()));
    }
    return model;
  }

  /** Keeps the metrics' labels few, whatever clients request. */
  private String route(String path) {
    return gets.containsKey(path) || posts.containsKey(path) ? path : pages.get(path) != null ? "page"
        : path.startsWith(MODELS + "/") ? MODELS : "other";
  }

  /** Handles a POST. */
  interface Endpoint {
    /**
     * Reads a request on a thread that must not block, and returns the work for another thread.
     *
     * @throws ApiException if the request is invalid
     */
    Jobs.Work read(Fields fields, ServedModel model);
  }

  /** The files of the page, read once at the start. A request's path only selects one of them and never reaches a file system. */
  private static final class Pages {
    /** @param type content type */
    record Page(String type, byte[] content) {}

    private final Map<String, Page> pages = new HashMap<>();

    Pages() {
      add("/", "index.html", "text/html; charset=utf-8");
      add("/api", "api.html", "text/html; charset=utf-8");
      add("/style.css", "style.css", "text/css; charset=utf-8");
      add("/client.js", "client.js", "text/javascript; charset=utf-8");
      add("/playground.js", "playground.js", "text/javascript; charset=utf-8");
      add("/api.js", "api.js", "text/javascript; charset=utf-8");
      add("/icon.svg", "icon.svg", "image/svg+xml");
      add("/openapi.json", "openapi.json", "application/json");
    }

    private void add(String path, String resource, String type) {
      try (InputStream in = Pages.class.getResourceAsStream(resource)) {
        pages.put(path, new Page(type, in.readAllBytes()));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /** The content of a resource, or null if there is none. */
    Page get(String path) {
      return pages.get(path);
    }
  }
}
