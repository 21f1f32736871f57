package org.tarflowlm.config;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import org.apache.commons.text.similarity.LevenshteinDistance;

/**
 * JSON text to a tree, strictly: one value and nothing after it, no key twice, no NaN. Errors are {@link ConfigException}s of one
 * line in words of our own, readable without knowing the parser.
 */
public final class StrictJson {
  /** Configurations, indexes and tensor headers of text are far smaller; what is larger is something else. */
  private static final long MAX_FILE_BYTES = 1 << 20;

  private static final ObjectReader READER = JsonMapper.builder()
      .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
      .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
      .build()
      .readerFor(JsonNode.class);

  private static final LevenshteinDistance DISTANCE = LevenshteinDistance.getDefaultInstance();

  private StrictJson() {}

  /**
   * Parses one JSON value.
   *
   * @throws ConfigException naming the line, the column and the problem
   */
  public static JsonNode parse(String json) {
    if (json.isBlank()) {
      throw new ConfigException("not JSON: the text is empty");
    }
    try {
      return READER.readValue(json);
    } catch (JsonProcessingException e) {
      throw new ConfigException("not valid JSON" + where(e.getLocation()) + ": " + reason(e));
    }
  }

  /**
   * Reads a UTF-8 text file of at most a mebibyte.
   *
   * @throws ConfigException if it does not exist, is too large or is not UTF-8
   */
  static String readText(Path file) {
    try {
      if (Files.isDirectory(file)) {
        throw new ConfigException("is a folder; expected a JSON file");
      }
      if (Files.size(file) > MAX_FILE_BYTES) {
        throw new ConfigException("has " + Files.size(file) + " bytes; expected a JSON file of at most " + MAX_FILE_BYTES);
      }
      return Files.readString(file);
    } catch (NoSuchFileException e) {
      throw new ConfigException("no such file", e);
    } catch (CharacterCodingException e) {
      throw new ConfigException("not UTF-8 text; expected a JSON file", e);
    } catch (IOException e) {
      throw new ConfigException("cannot be read (" + e.getMessage() + ")", e);
    }
  }

  private static String where(JsonLocation location) {
    return location == null ? "" : " at line " + location.getLineNr() + ", column " + location.getColumnNr();
  }

  private static String reason(JsonProcessingException e) {
    if (e instanceof JsonEOFException) {
      return "the text ends too early";
    }
    String message = e.getOriginalMessage().replaceAll("\\s+", " ");
    if (message.startsWith("Duplicate field")) {
      return "key " + message.substring("Duplicate field ".length()) + " appears twice in the same object";
    } else if (message.startsWith("Trailing token")) {
      return "more text after the end of the value";
    } else if (message.startsWith("Unexpected character")) {
      // "Unexpected character ('}' (code 125)): was expecting ...": the first half says enough.
      return message.replaceAll("\\):? .*|\\):.*", ")").replaceAll(" \\(code.*", ")").toLowerCase(Locale.ROOT);
    }
    return message.startsWith("Unrecognized token") ? message.replaceAll(": was expecting.*", "").toLowerCase(Locale.ROOT)
        : "malformed value";
  }

  /** A JSON value in a few printable characters for an error message. */
  static String describe(JsonNode node) {
    if (node.isObject()) {
      return "an object";
    } else if (node.isArray()) {
      return "an array";
    }
    return printable(node.isNumber() ? node.asText() : node.toString());
  }

  /** At most 60 printable characters of a text. */
  static String printable(String text) {
    String clean = text.replaceAll("\\p{C}", "?");
    return clean.length() <= 60 ? clean : clean.substring(0, 57) + "...";
  }

  /** {@code " (did you mean 'x'?)"} for the most similar known name, or an empty string if none is similar. */
  public static String didYouMean(String found, Collection<String> known) {
    String plain = plain(found);
    return known.stream()
        .filter(each -> DISTANCE.apply(plain, plain(each)) <= Math.min(2, (plain.length() + 1) / 3))
        .min(Comparator.comparingInt(each -> DISTANCE.apply(plain, plain(each))))
        .map(each -> " (did you mean '" + each + "'?)")
        .orElse("");
  }

  private static String plain(String name) {
    String letters = name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "");
    return letters.substring(0, Math.min(letters.length(), 40));
  }
}
