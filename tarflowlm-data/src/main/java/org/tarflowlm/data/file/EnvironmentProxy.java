package org.tarflowlm.data.file;

import java.io.IOException;
import java.net.Authenticator;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.tarflowlm.data.DataException;

/**
 * The proxy that the environment names, as curl, pip and git read it: {@code http_proxy}, {@code https_proxy}, {@code all_proxy} and
 * {@code no_proxy}, in lower or upper case. Java's own switches ({@code -Dhttps.proxyHost}) take precedence.
 *
 * @param proxy of the address
 * @param user name and password from the proxy's address, or null
 */
record EnvironmentProxy(Proxy proxy, PasswordAuthentication user) {
  private static final EnvironmentProxy NONE = new EnvironmentProxy(null, null);
  private static final int USUAL_PORT = 1080;

  /** Opens a connection, through the proxy if there is one for the address. */
  static HttpURLConnection connect(URI uri) throws IOException {
    boolean chosenInJava = System.getProperty(uri.getScheme() + ".proxyHost") != null || System.getProperty("socksProxyHost") != null
        || Boolean.getBoolean("java.net.useSystemProxies");
    EnvironmentProxy chosen = chosenInJava ? NONE : of(uri, System::getenv);
    HttpURLConnection connection = (HttpURLConnection) (chosen.proxy == null ? uri.toURL().openConnection()
        : uri.toURL().openConnection(chosen.proxy));
    if (chosen.user != null) {
      connection.setAuthenticator(new Authenticator() {
        @Override
        protected PasswordAuthentication getPasswordAuthentication() {
          return getRequestorType() == RequestorType.PROXY ? chosen.user : null;
        }
      });
    }
    return connection;
  }

  static EnvironmentProxy of(URI uri, UnaryOperator<String> environment) {
    String scheme = uri.getScheme().toLowerCase(Locale.ROOT);
    String given = variable(scheme + "_proxy", environment);
    given = given.isEmpty() ? variable("all_proxy", environment) : given;
    if (given.isEmpty() || isExcepted(uri, variable("no_proxy", environment))) {
      return NONE;
    }
    try {
      URI address = URI.create(given.contains("://") ? given : "http://" + given);
      if (address.getHost() == null) {
        throw new IllegalArgumentException("no host");
      }
      boolean socks = address.getScheme().toLowerCase(Locale.ROOT).startsWith("socks");
      int port = address.getPort() >= 0 ? address.getPort() : socks ? USUAL_PORT : "https".equals(address.getScheme()) ? 443 : 80;
      return new EnvironmentProxy(
          new Proxy(socks ? Proxy.Type.SOCKS : Proxy.Type.HTTP, new InetSocketAddress(address.getHost(), port)), user(address));
    } catch (IllegalArgumentException e) {
      throw new DataException("the environment names the proxy \"" + given.replaceFirst("//.*@", "//***@") + "\" for " + scheme
          + "; expected http://HOST:PORT", e);
    }
  }

  private static String variable(String name, UnaryOperator<String> environment) {
    for (String each : new String[] {name, name.toUpperCase(Locale.ROOT)}) {
      String value = environment.apply(each);
      if (value != null && !value.isBlank()) {
        return value.strip();
      }
    }
    return "";
  }

  private static PasswordAuthentication user(URI address) {
    if (address.getRawUserInfo() == null) {
      return null;
    }
    String[] parts = address.getRawUserInfo().split(":", 2);
    String password = parts.length < 2 ? "" : URLDecoder.decode(parts[1], StandardCharsets.UTF_8);
    return new PasswordAuthentication(URLDecoder.decode(parts[0], StandardCharsets.UTF_8), password.toCharArray());
  }

  /** A name matches itself and its subdomains, with or without a leading dot; {@code *} matches everything. */
  private static boolean isExcepted(URI uri, String list) {
    String host = uri.getHost() == null ? "" : uri.getHost().toLowerCase(Locale.ROOT);
    for (String each : list.toLowerCase(Locale.ROOT).split("[,\\s]+")) {
      String name = each.replaceFirst("^\\*?\\.", "");
      boolean withPort = name.matches("[^:]+:\\d+");
      if (withPort && !name.endsWith(":" + uri.getPort())) {
        continue;
      }
      name = withPort ? name.substring(0, name.lastIndexOf(':')) : name;
      if (name.equals("*") || !name.isEmpty() && (host.equals(name) || host.endsWith("." + name))) {
        return true;
      }
    }
    return false;
  }
}
