package org.tarflowlm.config;

import com.fasterxml.jackson.annotation.JsonAutoDetect.Visibility;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.PropertyAccessor;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.InputCoercionException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.type.LogicalType;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Records as JSON objects, bound by Jackson and strictly: an unknown key is an error, a value of the wrong type is an error, and the
 * record's own constructor checks the rest.
 *
 * <p>A key may be left out unless its component is annotated {@code @JsonProperty(required = true)}: the constructor then gets null
 * (or zero, or false) and sets the default. Nulls are not written.
 */
public final class RecordJson {
  private static final String BASE = "base";
  private static final String RUNS = "runs";
  private static final int MOST_BASES = 8;
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

  private RecordJson() {}

  /**
   * Reads a record.
   *
   * @throws ConfigException in one line that names the key by its JSON path, what was found and what was expected
   */
  public static <R extends Record> R read(String json, Class<R> type) {
    JsonNode tree = StrictJson.parse(json);
    if (!tree.isObject()) {
      throw new ConfigException("found " + StrictJson.describe(tree) + "; expected " + describe(type));
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
      return read(StrictJson.readText(file), type);
    } catch (ConfigException e) {
      throw new ConfigException(file + ": " + e.getMessage(), e);
    }
  }

  /**
   * Like {@link #read(Path, Class)}, for a file that may inherit: its key {@code base} names another file, relative to its own folder.
   * Objects merge key by key; any other value replaces the base's. Only for the user's own files, since a file from elsewhere could
   * name any path.
   *
   * <p>A file may hold several of them by name, in an object {@code runs}: where there is no file {@code NAME.json}, {@code NAME} is
   * looked up in the files beside it.
   */
  public static <R extends Record> R readWithBase(Path file, Class<R> type) {
    try {
      return read(merged(file, MOST_BASES).toString(), type);
    } catch (ConfigException e) {
      throw new ConfigException(file + ": " + e.getMessage(), e);
    }
  }

  private static JsonNode merged(Path file, int basesLeft) {
    JsonNode tree = Files.exists(file) ? StrictJson.parse(StrictJson.readText(file)) : named(file);
    if (!(tree instanceof ObjectNode changes) || !changes.has(BASE)) {
      return tree;
    }
    JsonNode base = changes.remove(BASE);
    if (!base.isTextual() || basesLeft == 0) {
      throw new ConfigException(BASE, basesLeft == 0 ? "inherits from more than " + MOST_BASES + " files; expected a shorter chain"
          : "is " + StrictJson.describe(base) + "; expected the name of a file");
    }
    Path named = file.resolveSibling(base.textValue());
    try {
      return merge(merged(named, basesLeft - 1), changes);
    } catch (ConfigException e) {
      throw new ConfigException(BASE + " " + named + ": " + e.getMessage(), e);
    }
  }

  private static JsonNode named(Path file) {
    String name = file.getFileName().toString().replaceFirst("\\.json$", "");
    List<JsonNode> found = new ArrayList<>();
    try (DirectoryStream<Path> beside = Files.newDirectoryStream(file.toAbsolutePath().getParent(), "*.json")) {
      for (Path each : beside) {
        found.add(StrictJson.parse(StrictJson.readText(each)).path(RUNS).path(name));
      }
    } catch (IOException e) {
      throw new ConfigException("no such file", e);
    }
    found.removeIf(JsonNode::isMissingNode);
    if (found.size() != 1) {
      throw new ConfigException(found.isEmpty() ? "no such file" : "no such file, and " + found.size() + " files beside it hold a run "
          + name);
    }
    return found.get(0);
  }

  private static JsonNode merge(JsonNode base, JsonNode changes) {
    if (!(base instanceof ObjectNode result) || !changes.isObject()) {
      return changes;
    }
    changes.properties().forEach(each -> result.set(each.getKey(),
        result.has(each.getKey()) ? merge(result.get(each.getKey()), each.getValue()) : each.getValue()));
    return result;
  }

  /** The record as indented JSON in the order of its components, with a newline at the end. */
  public static String write(Record record) {
    return MAPPER.valueToTree(record).toPrettyString() + "\n";
  }

  /** Jackson takes a null for a key that is left out, and a number beyond every double for infinity. */
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
      // A key that is missing is most often one that is misspelt: that is the better message.
      List<String> known = keys(e instanceof UnrecognizedPropertyException unknown ? unknown.getReferringClass() : owner);
      for (Map.Entry<String, JsonNode> each : parent.properties()) {
        if (!known.contains(each.getKey())) {
          return new ConfigException(join(parentPath, each.getKey()), "is not a known key" + StrictJson.didYouMean(each.getKey(), known)
              + "; expected one of " + String.join(", ", known));
        }
      }
    }
    Class<?> expected = e instanceof MismatchedInputException mismatch ? mismatch.getTargetType()
        : e.getCause() instanceof InputCoercionException range ? range.getTargetType() : document;
    String hint = expected.isEnum() && found.isTextual() ? StrictJson.didYouMean(found.textValue(), constants(expected)) : "";
    return new ConfigException(path, (found.isMissingNode() ? "is missing" : "is " + StrictJson.describe(found))
        + "; expected " + describe(expected) + hint);
  }

  private static String join(String path, String key) {
    return (path.isEmpty() ? "" : path + ".") + StrictJson.printable(key);
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
}
