package org.tarflowlm.data.documents;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** About 64 thousand characters of Moby-Dick (public domain) in text8 format, for demonstrations and tests. */
public final class Excerpt {
  /** Title of {@link #text()}, for captions. */
  public static final String TITLE = "Herman Melville, Moby-Dick (1851), in text8 format";

  private static final String RESOURCE = "/org/tarflowlm/data/excerpt/moby-dick.text8";

  private Excerpt() {}

  /** The whole excerpt: a to z and single spaces. */
  public static String text() {
    try (InputStream in = Excerpt.class.getResourceAsStream(RESOURCE)) {
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
