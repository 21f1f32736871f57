package org.tarflowlm.serve;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;

/** The files of the page, read once at the start: a request's path selects one of them and never reaches a file system. */
final class Pages {
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

  /** Null if there is none. */
  Page get(String path) {
    return pages.get(path);
  }
}
