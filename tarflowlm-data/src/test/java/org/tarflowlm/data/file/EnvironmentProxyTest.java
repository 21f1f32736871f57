package org.tarflowlm.data.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tarflowlm.data.DataException;

class EnvironmentProxyTest {
  private static EnvironmentProxy of(String uri, Map<String, String> environment) {
    return EnvironmentProxy.of(URI.create(uri), environment::get);
  }

  @ParameterizedTest
  @CsvSource({"http_proxy, http://proxy:3128, http://a.org/x, HTTP, 3128", "HTTP_PROXY, proxy:3128, http://a.org/x, HTTP, 3128",
      "https_proxy, http://proxy, https://a.org/x, HTTP, 80", "HTTPS_PROXY, https://proxy/, https://a.org/x, HTTP, 443",
      "all_proxy, socks5h://proxy:1081, https://a.org/x, SOCKS, 1081", "ALL_PROXY, socks5://proxy, http://a.org/x, SOCKS, 1080"})
  void theVariableOfTheSchemeCounts(String variable, String value, String uri, Proxy.Type type, int port) {
    Proxy proxy = of(uri, Map.of(variable, value)).proxy();
    assertEquals(type, proxy.type());
    assertEquals(port, ((InetSocketAddress) proxy.address()).getPort());
    assertEquals("proxy", ((InetSocketAddress) proxy.address()).getHostString());
  }

  @ParameterizedTest
  @CsvSource(delimiter = ';', value = {"a.org; true", ".a.org; true",
      "b.org, a.org; true", "*; true", "*.a.org; true", "x.a.org:8080; true",
      "x.a.org:81; false", "org.a; false", "xa.org; false", "''; false"})
  void exceptionsAreHeeded(String list, boolean excepted) {
    assertEquals(excepted, of("http://x.a.org:8080/y", Map.of("http_proxy", "proxy:1", "no_proxy", list)).proxy() == null);
  }

  @Test
  void namesAndPasswordsAreReadAndNotTold() {
    EnvironmentProxy proxy = of("http://a.org", Map.of("http_proxy", "http://me:a%40b@proxy:1"));
    assertEquals("me", proxy.user().getUserName());
    assertEquals("a@b", new String(proxy.user().getPassword()));
    DataException failure = assertThrows(DataException.class, () -> of("http://a.org", Map.of("http_proxy", "http://me:secret@:1")));
    assertTrue(failure.getMessage().contains("expected http://HOST:PORT"), failure.getMessage());
    assertFalse(failure.getMessage().contains("secret"), failure.getMessage());
    assertNull(of("http://a.org", Map.of("https_proxy", "proxy:1", "http_proxy", " ")).proxy());
  }
}
