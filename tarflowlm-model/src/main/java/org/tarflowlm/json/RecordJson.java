package org.tarflowlm.json;

import com.fasterxml.jackson.annotation.JsonAutoDetect.Visibility;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.PropertyAccessor;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.InputCoercionException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.type.LogicalType;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.commons.text.similarity.LevenshteinDistance;

/**
 * Reads and writes records as JSON objects, strictly. Errors are: text after the value, a duplicate or unknown key, NaN, and a value of
 * the wrong type; the record's own constructor checks the rest. Every error is a {@link ConfigException} with a one-line message that can
 * be understood without knowing the parser, Jackson.
 *
 * <p>A key may be left out unless its component is annotated {@code @JsonProperty(required = true)}: the constructor then gets null
 * (or zero, or false) and sets the default. Nulls are not written.
 */
public final class RecordJson {
  private static final JsonMapper MAPPER = JsonMapper.builder()
      .enable(DeserializationFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
      .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
      .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
      .withCoercionConfig(LogicalType.Textual, strings -> {
        strings.setCoercion(CoercionInputShape.Integer, CoercionAction.Fail);
        strings.setCoercion(CoercionInputShape.Float, CoercionAction.Fail);
        strings.setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail);
      })
      .serializationInclusion(JsonInclude.Include.NON_NULL)
      .visibility(PropertyAccessor.GETTER, Visibility.NONE)
      .visibility(PropertyAccessor.IS_GETTER, Visibility.NONE)
      .visibility(PropertyAccessor.FIELD, Visibility.ANY)
      .build();

  /** Configurations, indexes and tensor headers are far smaller than this; a larger file is something else. */
  private static final long MAX_FILE_BYTES = 1 << 20;

  private static final ObjectReader READER = JsonMapper.builder()
      .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
      .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
      .build()
      .readerFor(JsonNode.class);

  private static final LevenshteinDistance DISTANCE = LevenshteinDistance.getDefaultInstance();

  private RecordJson() {}

  /**
   * Reads a record.
   *
   * @throws ConfigException with one line that names the key by its JSON path, what was found and what was expected
   */
  public static <R extends Record> R read(String json, Class<R> type) {
    JsonNode tree = parse(json);
    if (!tree.isObject()) {
      throw new ConfigException("found " + describe(tree) + "; expected " + describe(type));
    }
    requireValues(tree, "");
    try {
      return MAPPER.treeToValue(tree, type);
    } catch (JsonMappingException e) {
      throw explain(e, tree, type);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree is bound without parsing", e);
    }
  }

  /** Like {@link #read(String, Class)}; messages begin with the file's path. */
  public static <R extends Record> R read(Path file, Class<R> type) {
    try {
      return read(readText(file), type);
    } catch (ConfigException e) {
      throw new ConfigException(file + ": " + e.getMessage(), e);
    }
  }

  /** The record as indented JSON in the order of its components, with a newline at the end. */
  public static String write(Record record) {
    return MAPPER.valueToTree(record).toPrettyString() + "\n";
  }

  /** Rejects nulls and infinities: Jackson reads null as a missing key, and a number too large for a double as infinity. */
  private static void requireValues(JsonNode node, String path) {
    if (node.isNull()) {
      throw new ConfigException(path, "is null; expected a value, or leave the key out");
    } else if (node.isNumber() && !Double.isFinite(node.doubleValue())) {
      throw new ConfigException(path, "is " + node.asText() + "; expected a finite number");
    }
    for (Map.Entry<String, JsonNode> each : node.properties()) {
      requireValues(each.getValue(), join(path, each.getKey()));
    }
    for (int i = 0; node.isArray() && i < node.size(); i++) {
      requireValues(node.get(i), path + "[" + i + "]");
    }
  }

  private static ConfigException explain(JsonMappingException e, JsonNode tree, Class<?> document) {
    String path = "";
    String parentPath = "";
    JsonNode found = tree;
    JsonNode parent = tree;
    Class<?> owner = document;
    for (JsonMappingException.Reference each : e.getPath()) {
      boolean key = each.getFieldName() != null;
      parent = found;
      parentPath = path;
      owner = each.getFrom() instanceof Class<?> type ? type : owner;
      found = key ? found.path(each.getFieldName()) : found.path(each.getIndex());
      path = key ? join(path, each.getFieldName()) : path + "[" + each.getIndex() + "]";
    }
    if (e.getCause() instanceof ConfigException problem) {
      return problem.within(path);
    } else if (found.isMissingNode() || e instanceof UnrecognizedPropertyException) {
      // a missing key is usually a misspelt one, so name that one instead
      List<String> known = keys(e instanceof UnrecognizedPropertyException unknown ? unknown.getReferringClass() : owner);
      for (Map.Entry<String, JsonNode> each : parent.properties()) {
        if (!known.contains(each.getKey())) {
          return new ConfigException(join(parentPath, each.getKey()), "is not a known key" + didYouMean(each.getKey(), known)
              + "; expected one of " + String.join(", ", known));
        }
      }
    }
    Class<?> expected = e instanceof MismatchedInputException mismatch ? mismatch.getTargetType()
        : e.getCause() instanceof InputCoercionException range ? range.getTargetType() : document;
    String hint = expected.isEnum() && found.isTextual() ? didYouMean(found.textValue(), constants(expected)) : "";
    return new ConfigException(path, (found.isMissingNode() ? "is missing" : "is " + describe(found))
        + "; expected " + describe(expected) + hint);
  }

  private static String join(String path, String key) {
    return (path.isEmpty() ? "" : path + ".") + printable(key);
  }

  private static String describe(Class<?> type) {
    if (type.isEnum()) {
      return "one of " + String.join(", ", constants(type));
    } else if (type.isRecord()) {
      return "an object with the keys " + String.join(", ", keys(type));
    } else if (type == int.class || type == Integer.class) {
      return "a whole number of at most " + Integer.MAX_VALUE;
    } else if (type == long.class || type == Long.class) {
      return "a whole number";
    } else if (type == double.class || type == Double.class) {
      return "a number";
    } else if (type == boolean.class || type == Boolean.class) {
      return "true or false";
    } else if (List.class.isAssignableFrom(type)) {
      return "an array";
    }
    return type == String.class ? "a string" : "an object";
  }

  private static List<String> constants(Class<?> type) {
    return Arrays.stream(type.getEnumConstants()).map(each -> ((Enum<?>) each).name()).toList();
  }

  private static List<String> keys(Class<?> type) {
    return Arrays.stream(type.getRecordComponents()).map(RecordComponent::getName).toList();
  }

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
  public static String readText(Path file) {
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
      // of "Unexpected character ('}' (code 125)): was expecting ...", keep only the first half
      return message.replaceAll("\\):? .*|\\):.*", ")").replaceAll(" \\(code.*", ")").toLowerCase(Locale.ROOT);
    }
    return message.startsWith("Unrecognized token") ? message.replaceAll(": was expecting.*", "").toLowerCase(Locale.ROOT)
        : "malformed value";
  }

  /** Describes a JSON value in a few printable characters for an error message. */
  public static String describe(JsonNode node) {
    if (node.isObject()) {
      return "an object";
    } else if (node.isArray()) {
      return "an array";
    }
    return printable(node.isNumber() ? node.asText() : node.toString());
  }

  /** The first 60 characters of a text at most, made printable, for an error message. */
  public static String printable(String text) {
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
