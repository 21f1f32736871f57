package org.tarflowlm.config;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Records as JSON objects, strictly both ways: a component is a key of the same name, an unknown key is an error, a value of the
 * wrong type is an error, and the record's own constructor checks the rest. A component may be a whole number, a number, a boolean,
 * a string, an enum constant by its exact name, a record, a list of those, or a map from strings to those.
 *
 * <p>A key may be left out unless its component is annotated {@code @JsonProperty(required = true)}: the constructor then gets null
 * (or zero, or false) and sets the default. Nulls are not written.
 */
public final class RecordJson {
  private RecordJson() {}

  /**
   * Reads a record.
   *
   * @throws ConfigException in one line that names the key by its JSON path, what was found and what was expected
   */
  public static <R extends Record> R read(String json, Class<R> type) {
    return type.cast(read(StrictJson.parse(json), type, ""));
  }

  /** As {@link #read(String, Class)}; messages begin with the path of the file. */
  public static <R extends Record> R read(Path file, Class<R> type) {
    try {
      return read(StrictJson.readText(file), type);
    } catch (ConfigException e) {
      throw new ConfigException(file + ": " + e.getMessage(), e);
    }
  }

  /** The record as indented JSON in the order of its components, with a newline at the end. */
  public static String write(Record record) {
    return toNode(record).toPrettyString() + "\n";
  }

  private static Object read(JsonNode node, Type type, String path) {
    if (type instanceof ParameterizedType generic) {
      Type[] arguments = generic.getActualTypeArguments();
      return generic.getRawType() == List.class ? readList(node, arguments[0], path) : readMap(node, arguments[1], path);
    }
    Class<?> raw = (Class<?>) type;
    if (raw.isRecord()) {
      return readRecord(node, raw, path);
    } else if (raw.isEnum()) {
      return readEnum(node, raw, path);
    } else if (raw == int.class || raw == Integer.class) {
      return expect(node.isIntegralNumber() && node.canConvertToInt(), node, path, "a whole number of at most " + Integer.MAX_VALUE)
          .intValue();
    } else if (raw == long.class || raw == Long.class) {
      return expect(node.isIntegralNumber() && node.canConvertToLong(), node, path, "a whole number").longValue();
    } else if (raw == double.class || raw == Double.class) {
      return expect(node.isNumber() && Double.isFinite(node.doubleValue()), node, path, "a number").doubleValue();
    } else if (raw == boolean.class || raw == Boolean.class) {
      return expect(node.isBoolean(), node, path, "true or false").booleanValue();
    } else if (raw == String.class) {
      return expect(node.isTextual(), node, path, "a string").textValue();
    }
    throw new IllegalStateException("a record component of type " + raw + " has no JSON form");
  }

  private static JsonNode expect(boolean right, JsonNode node, String path, String expected) {
    if (!right) {
      throw new ConfigException(path, (path.isEmpty() ? "found " : "is ") + StrictJson.describe(node) + "; expected " + expected);
    }
    return node;
  }

  private static List<Object> readList(JsonNode node, Type element, String path) {
    expect(node.isArray(), node, path, "an array");
    List<Object> list = new ArrayList<>();
    for (JsonNode each : node) {
      list.add(read(each, element, path + "[" + list.size() + "]"));
    }
    return list;
  }

  private static Map<String, Object> readMap(JsonNode node, Type value, String path) {
    expect(node.isObject(), node, path, "an object");
    Map<String, Object> map = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> each : node.properties()) {
      map.put(each.getKey(), read(each.getValue(), value, join(path, each.getKey())));
    }
    return map;
  }

  private static Object readEnum(JsonNode node, Class<?> type, String path) {
    List<String> names = Arrays.stream(type.getEnumConstants()).map(each -> ((Enum<?>) each).name()).toList();
    int found = node.isTextual() ? names.indexOf(node.textValue()) : -1;
    expect(found >= 0, node, path, "one of " + String.join(", ", names)
        + (node.isTextual() ? StrictJson.didYouMean(node.textValue(), names) : ""));
    return type.getEnumConstants()[found];
  }

  private static Object readRecord(JsonNode node, Class<?> type, String path) {
    RecordComponent[] components = type.getRecordComponents();
    List<String> known = Arrays.stream(components).map(RecordComponent::getName).toList();
    expect(node.isObject(), node, path, "an object with the keys " + String.join(", ", known));
    for (Iterator<String> keys = node.fieldNames(); keys.hasNext(); ) {
      String key = keys.next();
      if (!known.contains(key)) {
        throw new ConfigException(join(path, StrictJson.printable(key)), "is not a known key" + StrictJson.didYouMean(key, known)
            + "; expected one of " + String.join(", ", known));
      }
    }
    Object[] values = new Object[components.length];
    Constructor<?> constructor = canonicalConstructor(type, components);
    for (int i = 0; i < components.length; i++) {
      JsonNode value = node.get(components[i].getName());
      if (value != null) {
        values[i] = read(value, components[i].getGenericType(), join(path, components[i].getName()));
      } else if (isRequired(constructor, i)) {
        throw new ConfigException(join(path, components[i].getName()), "is missing; expected " + describeType(components[i].getType()));
      } else {
        values[i] = zeroOf(components[i].getType());
      }
    }
    return construct(constructor, values, path);
  }

  private static Constructor<?> canonicalConstructor(Class<?> type, RecordComponent[] components) {
    try {
      Constructor<?> constructor =
          type.getDeclaredConstructor(Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new));
      constructor.trySetAccessible();
      return constructor;
    } catch (NoSuchMethodException e) {
      throw new IllegalStateException("every record has a canonical constructor", e);
    }
  }

  private static boolean isRequired(Constructor<?> constructor, int component) {
    return Arrays.stream(constructor.getParameterAnnotations()[component])
        .anyMatch(each -> each instanceof JsonProperty property && property.required());
  }

  private static Object construct(Constructor<?> constructor, Object[] values, String path) {
    try {
      return constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof ConfigException problem) {
        throw problem.within(path);
      }
      throw new IllegalStateException(e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String describeType(Class<?> type) {
    if (type.isEnum()) {
      return Arrays.stream(type.getEnumConstants()).map(Object::toString).collect(Collectors.joining(", ", "one of ", ""));
    } else if (type == int.class || type == Integer.class || type == long.class || type == Long.class) {
      return "a whole number";
    } else if (type == List.class) {
      return "an array";
    } else if (type == String.class) {
      return "a string";
    } else if (type == double.class || type == Double.class) {
      return "a number";
    }
    return type == boolean.class || type == Boolean.class ? "true or false" : "an object";
  }

  private static Object zeroOf(Class<?> type) {
    if (type == int.class) {
      return 0;
    } else if (type == long.class) {
      return 0L;
    } else if (type == double.class) {
      return 0.0;
    }
    return type == boolean.class ? Boolean.FALSE : null;
  }

  private static JsonNode toNode(Object value) {
    JsonNodeFactory nodes = JsonNodeFactory.instance;
    if (value instanceof Record record) {
      ObjectNode object = nodes.objectNode();
      for (RecordComponent component : record.getClass().getRecordComponents()) {
        Object each = get(record, component);
        if (each != null) {
          object.set(component.getName(), toNode(each));
        }
      }
      return object;
    } else if (value instanceof List<?> list) {
      ArrayNode array = nodes.arrayNode();
      list.forEach(each -> array.add(toNode(each)));
      return array;
    } else if (value instanceof Map<?, ?> map) {
      ObjectNode object = nodes.objectNode();
      map.forEach((key, each) -> object.set((String) key, toNode(each)));
      return object;
    } else if (value instanceof Integer number) {
      return nodes.numberNode(number);
    } else if (value instanceof Long number) {
      return nodes.numberNode(number);
    } else if (value instanceof Double number) {
      return nodes.numberNode(number);
    } else if (value instanceof Boolean bool) {
      return nodes.booleanNode(bool);
    }
    return nodes.textNode(value instanceof Enum<?> constant ? constant.name() : (String) value);
  }

  private static Object get(Record record, RecordComponent component) {
    try {
      component.getAccessor().trySetAccessible();
      return component.getAccessor().invoke(record);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String join(String path, String key) {
    return path.isEmpty() ? key : path + "." + key;
  }
}
