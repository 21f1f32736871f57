package org.tarflowlm.serve;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.instrumentation.jvm.JvmMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.IntSupplier;

/** The server's counters, in Prometheus's text format. */
final class Metrics {
  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final Counter requests = Counter.builder().name("tarflowlm_requests").help("Requests answered; 499: the client disconnected.")
      .labelNames("route", "status").register(registry);
  private final Histogram seconds = Histogram.builder().name("tarflowlm_request_duration_seconds")
      .help("Time from a request's arrival to its last byte.").labelNames("route")
      .classicUpperBounds(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60).classicOnly().register(registry);
  private final Counter tokens = Counter.builder().name("tarflowlm_tokens").help("Tokens by kind of work.")
      .labelNames("model", "kind").register(registry);

  Metrics() {
    JvmMetrics.builder().register(registry);
  }

  void gauge(String name, String help, IntSupplier value) {
    GaugeWithCallback.builder().name("tarflowlm_" + name).help(help).callback(set -> set.call(value.getAsInt())).register(registry);
  }

  void ended(String route, int status, double duration) {
    requests.labelValues(route, Integer.toString(status)).inc();
    seconds.labelValues(route).observe(duration);
  }

  /** @param kind prompt, generated or scored */
  void tokens(ServedModel model, String kind, long count) {
    tokens.labelValues(model.id(), kind).inc(count);
  }

  byte[] page() {
    ByteArrayOutputStream page = new ByteArrayOutputStream();
    try {
      PrometheusTextFormatWriter.builder().build().write(page, registry.scrape());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return page.toByteArray();
  }
}
