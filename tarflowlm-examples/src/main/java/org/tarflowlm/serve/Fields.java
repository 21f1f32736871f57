package org.tarflowlm.serve;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** The fields of a request's JSON object. A null field counts as missing. Every error is an {@link ApiException} that names the field. */
final class Fields {
  static final ObjectMapper JSON = JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
      .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private final JsonNode object;
  private final Set<String> asked = new HashSet<>();

  private Fields(JsonNode object) {
    this.object = object;
  }

  static Fields of(byte[] body) {
    try {
      JsonNode tree = JSON.readTree(body);
      if (tree == null || !tree.isObject()) {
        throw ApiException.badRequest(null, "the body is not a JSON object");
      }
      return new Fields(tree);
    } catch (JsonProcessingException e) {
      throw ApiException.badRequest(null, "the body is not JSON: " + e.getOriginalMessage().replaceFirst(" \\(.*", "")
          + (e.getLocation() == null ? "" : " (line " + e.getLocation().getLineNr() + ", column " + e.getLocation().getColumnNr() + ")"));
    } catch (IOException e) {
      throw ApiException.badRequest(null, "the body is not JSON");
    }
  }

  boolean has(String name) {
    return !get(name).isMissingNode();
  }

  String text(String name, String otherwise) {
    JsonNode value = get(name);
    return value.isMissingNode() ? otherwise : text(name, value);
  }

  /** A string or an array of strings; null if missing. */
  List<String> texts(String name) {
    JsonNode value = get(name);
    if (value.isMissingNode()) {
      return null;
    }
    if (!value.isArray()) {
      return List.of(text(name, value));
    }
    List<String> result = new ArrayList<>();
    value.forEach(each -> result.add(text(name, each)));
    return result;
  }

  /** A text, or the token ids of one; the other is null. */
  record Prompt(String text, int[] tokens) {}

  /**
   * A text, an array of texts, an array of token ids, or an array of such arrays; null if missing.
   *
   * @param vocabulary number of tokens
   */
  List<Prompt> prompts(String name, int vocabulary) {
    JsonNode value = get(name);
    if (value.isMissingNode()) {
      return null;
    }
    if (!value.isArray()) {
      return List.of(new Prompt(prompt(name, value), null));
    }
    if (value.path(0).isNumber()) {
      return List.of(new Prompt(null, tokens(name, value, vocabulary)));
    }
    List<Prompt> result = new ArrayList<>();
    for (int i = 0; i < value.size(); i++) {
      JsonNode each = value.get(i);
      boolean ids = each.isArray();
      if (ids != value.get(0).isArray()) {
        throw wrong(name, value, "texts alone, or arrays of token ids alone");
      }
      result.add(ids ? new Prompt(null, tokens(name + "[" + i + "]", each, vocabulary)) : new Prompt(prompt(name, each), null));
    }
    return result;
  }

  private static String prompt(String name, JsonNode value) {
    if (!value.isTextual()) {
      throw wrong(name, value, "a text, an array of texts, an array of token ids or an array of such arrays");
    }
    return value.textValue();
  }

  private static int[] tokens(String name, JsonNode array, int vocabulary) {
    int[] ids = new int[array.size()];
    for (int i = 0; i < ids.length; i++) {
      JsonNode id = array.get(i);
      if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0 || id.intValue() >= vocabulary) {
        throw wrong(name.replaceFirst("\\[.*", ""), name + "[" + i + "]", id, "a token id from 0 to " + (vocabulary - 1));
      }
      ids[i] = id.intValue();
    }
    return ids;
  }

  int whole(String name, int otherwise, int least, int most) {
    return (int) whole(name, (long) otherwise, least, most);
  }

  long whole(String name, long otherwise, long least, long most) {
    JsonNode value = get(name);
    if (value.isMissingNode()) {
      return otherwise;
    }
    if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < least || value.longValue() > most) {
      throw wrong(name, value, "a whole number from " + least + " to " + most);
    }
    return value.longValue();
  }

  double number(String name, double otherwise, double least, double most) {
    JsonNode value = get(name);
    if (value.isMissingNode()) {
      return otherwise;
    }
    if (!value.isNumber() || !(value.doubleValue() >= least && value.doubleValue() <= most)) {
      throw wrong(name, value, "a number from " + least + " to " + most);
    }
    return value.doubleValue();
  }

  boolean flag(String name) {
    JsonNode value = get(name);
    if (!value.isMissingNode() && !value.isBoolean()) {
      throw wrong(name, value, "true or false");
    }
    return value.booleanValue();
  }

  /** A flag inside an object; false if the object or the flag is missing. */
  boolean flag(String name, String inner) {
    JsonNode value = get(name);
    if (!value.isMissingNode() && !value.isObject()) {
      throw wrong(name, value, "an object");
    }
    return value.path(inner).asBoolean();
  }

  /**
   * Accepts a field that this server does not support only if its value has no effect.
   *
   * @param values the values without effect
   */
  void neutral(String name, Object... values) {
    JsonNode value = get(name);
    if (value.isMissingNode()) {
      return;
    }
    for (Object each : values) {
      JsonNode allowed = JSON.valueToTree(each);
      if (value.equals(allowed) || value.isNumber() && allowed.isNumber() && value.doubleValue() == allowed.doubleValue()) {
        return;
      }
    }
    throw ApiException.badRequest(name, name + " is not supported; leave it out");
  }

  void ignore(String name) {
    get(name);
  }

  /** Refuses unknown fields, so that a misspelt option is not silently ignored. */
  void finish() {
    TreeSet<String> unknown = new TreeSet<>();
    object.fieldNames().forEachRemaining(unknown::add);
    unknown.removeAll(asked);
    if (!unknown.isEmpty()) {
      throw ApiException.badRequest(unknown.first(), "unknown field '" + unknown.first() + "'; expected some of "
          + String.join(", ", new TreeSet<>(asked)));
    }
  }

  private JsonNode get(String name) {
    asked.add(name);
    JsonNode value = object.path(name);
    return value.isNull() ? MissingNode.getInstance() : value;
  }

  private static String text(String name, JsonNode value) {
    if (!value.isTextual()) {
      throw wrong(name, value, "a text or an array of texts");
    }
    return value.textValue();
  }

  private static ApiException wrong(String name, JsonNode value, String expected) {
    return wrong(name, name, value, expected);
  }

  private static ApiException wrong(String name, String place, JsonNode value, String expected) {
    String found = value.toString();
    return ApiException.badRequest(name, place + " is " + (found.length() > 80 ? found.substring(0, 80) + "..." : found) + "; expected "
        + expected);
  }
}
