package org.tarflowlm.serve;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.util.NetUtil;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Decides which requests to accept. A foreign web page can make its visitor's browser send requests to the loopback address; three checks
 * refuse them.
 *
 * <p>The Host header must be localhost, an IP address, or an allowed name: a page whose own name was rebound to this address still sends
 * that name. An Origin header must be the server's own or an allowed one. A request with a body must declare it as JSON, which browsers
 * do not send across origins without a preflight request.
 */
final class Gate {
  private static final String CONTENT_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
      + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  private final Set<String> hosts;
  private final Set<String> origins;

  Gate(List<String> hosts, List<String> origins) {
    this.hosts = hosts.stream().map(each -> each.toLowerCase(Locale.ROOT)).collect(Collectors.toSet());
    this.origins = Set.copyOf(origins);
  }

  /** @throws ApiException if the request must be refused */
  void check(HttpRequest request) {
    List<String> named = request.headers().getAll(HttpHeaderNames.HOST);
    if (named.size() != 1 || !isAllowed(named.get(0))) {
      throw ApiException.refused(403, "host_not_allowed", "the request is for the host " + named
          + "; expected localhost, an IP address, or a name given with --allow-host");
    }
    String origin = request.headers().get(HttpHeaderNames.ORIGIN);
    if (origin != null && !origin.equals("http://" + named.get(0)) && !origin.equals("https://" + named.get(0))
        && !origins.contains(origin)) {
      throw ApiException.refused(403, "origin_not_allowed", "the request comes from a page at " + origin
          + "; --allow-origin allows it");
    }
    if (request.method().equals(HttpMethod.POST)) {
      String type = request.headers().get(HttpHeaderNames.CONTENT_TYPE, "");
      if (!type.toLowerCase(Locale.ROOT).matches("application/json\\s*(;.*)?")) {
        throw ApiException.refused(415, "not_json", "the content type is '" + type + "'; expected application/json");
      }
      if (!request.headers().get(HttpHeaderNames.CONTENT_ENCODING, "identity").equals("identity")) {
        throw ApiException.refused(415, "encoded", "the body is compressed; expected plain JSON");
      }
    }
  }

  private boolean isAllowed(String host) {
    String name = host.toLowerCase(Locale.ROOT).replaceFirst(":\\d{1,5}$", "");
    return name.equals("localhost") || hosts.contains(name) || NetUtil.isValidIpV4Address(name)
        || name.startsWith("[") && name.endsWith("]") && NetUtil.isValidIpV6Address(name.substring(1, name.length() - 1));
  }

  /** Headers of every response. */
  void secure(HttpRequest request, HttpHeaders headers) {
    headers.set("content-security-policy", CONTENT_POLICY);
    headers.set("x-content-type-options", "nosniff");
    headers.set("referrer-policy", "no-referrer");
    headers.set("cross-origin-opener-policy", "same-origin");
    headers.set(HttpHeaderNames.VARY, HttpHeaderNames.ORIGIN);
    String origin = request.headers().get(HttpHeaderNames.ORIGIN);
    if (origin != null && origins.contains(origin)) {
      headers.set(HttpHeaderNames.ACCESS_CONTROL_ALLOW_ORIGIN, origin);
      headers.set(HttpHeaderNames.ACCESS_CONTROL_ALLOW_METHODS, "GET, POST");
      headers.set(HttpHeaderNames.ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type");
      headers.set(HttpHeaderNames.ACCESS_CONTROL_MAX_AGE, "600");
    } else {
      headers.set("cross-origin-resource-policy", "same-origin");
    }
  }
}
