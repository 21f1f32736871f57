package org.tarflowlm.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes machine-readable results as JSON. */
public final class Json {
  private static final ObjectMapper MAPPER = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private Json() {}

  /**
   * A value as indented JSON text.
   *
   * @throws IllegalStateException if a number is not finite, which JSON cannot express
   */
  public static String of(Object value) {
    try {
      JsonNode tree = MAPPER.valueToTree(value);
      checkFinite("", tree);
      return MAPPER.writeValueAsString(tree);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Checks all numbers, and replaces a standard error of NaN with null, since a single value has no standard error. */
  private static void checkFinite(String name, JsonNode node) {
    if (node instanceof ObjectNode object && object.path("standardError").isFloatingPointNumber()
        && Double.isNaN(object.get("standardError").doubleValue())) {
      object.putNull("standardError");
    }
    if (node.isFloatingPointNumber() && !Double.isFinite(node.doubleValue())) {
      throw new IllegalStateException("the result " + name + " is " + node.doubleValue() + ", not a finite number");
    }
    node.fields().forEachRemaining(field -> checkFinite(name.isEmpty() ? field.getKey() : name + "." + field.getKey(), field.getValue()));
    node.elements().forEachRemaining(element -> checkFinite(name, element));
  }

  /**
   * An object with its fields in the given order.
   *
   * @param namesAndValues a name, its value, the next name, and so on; values may be null
   */
  public static Map<String, Object> object(Object... namesAndValues) {
    Map<String, Object> object = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      object.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return object;
  }
}
