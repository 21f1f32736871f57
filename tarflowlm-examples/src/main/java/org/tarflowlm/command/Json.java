package org.tarflowlm.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;

/** Results for machines: one JSON object on standard output. */
public final class Json {
  private static final ObjectMapper MAPPER = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private Json() {}

  /** @throws IllegalStateException if a figure is not finite, which JSON cannot say and nobody can use */
  public static String of(Object value) {
    try {
      JsonNode tree = MAPPER.valueToTree(value);
      checkFinite("", tree);
      return MAPPER.writeValueAsString(tree);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A standard error that one value cannot have is null. */
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
   * An object's fields in the order given.
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
