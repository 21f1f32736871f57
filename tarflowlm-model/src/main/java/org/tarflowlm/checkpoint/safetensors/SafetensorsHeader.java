package org.tarflowlm.checkpoint.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.tarflowlm.checkpoint.safetensors.SafetensorsException.Problem;
import org.tarflowlm.json.RecordJson;

/**
 * The header of a safetensors file.
 *
 * @param tensors by name, in the order of the header
 * @param metadata free strings; empty if the file has none
 */
record SafetensorsHeader(Map<String, TensorInfo> tensors, Map<String, String> metadata) {
  /** Size in bytes of the header's length field, with which the file begins. */
  public static final int LENGTH_BYTES = 8;

  /** The longest header that the format allows. */
  public static final long MAX_BYTES = 100_000_000;

  public SafetensorsHeader {
    tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
  }

  /** Checks that the tensors cover the data exactly: no gap, no overlap, nothing left over. */
  private static void checkLayout(Collection<TensorInfo> tensors, long dataBytes) throws SafetensorsException {
    List<TensorInfo> ordered = new ArrayList<>(tensors);
    ordered.sort(Comparator.comparingLong(TensorInfo::begin).thenComparingLong(TensorInfo::end));
    long covered = 0;
    for (TensorInfo each : ordered) {
      if (each.begin() != covered) {
        throw new SafetensorsException(each.begin() > covered ? Problem.GAP : Problem.OVERLAP,
            "tensor " + Parser.quote(each.name()) + " begins at byte " + each.begin() + " of the data; expected " + covered
                + ", where the tensor before it ends");
      }
      covered = each.end();
    }
    if (covered > dataBytes) {
      throw new SafetensorsException(Problem.TRUNCATED,
          "the tensors have " + covered + " bytes of data, but the file ends after " + dataBytes);
    } else if (covered < dataBytes) {
      throw new SafetensorsException(Problem.TRAILING_BYTES,
          "the tensors have " + covered + " bytes of data, but the file continues to " + dataBytes);
    }
  }

  /** Reads the header's JSON token by token, without building a tree, and checks every value before using it. */
  static final class Parser implements AutoCloseable {
    private static final int MAX_RANK = 32;
    /** The start of Jackson's message for a duplicate key; the key follows in quotes. */
    private static final String DUPLICATE = "Duplicate field '";

    private static final JsonFactory JSON = JsonFactory.builder()
        // names come from untrusted files and occur once, so a shared symbol table would not help
        .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
        .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
        .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
        .streamReadConstraints(StreamReadConstraints.builder().maxStringLength(1 << 20).maxNestingDepth(8).build())
        .build();

    private final JsonParser json;
    private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();

    private Parser(byte[] header) throws IOException {
      json = JSON.createParser(new InputStreamReader(new ByteArrayInputStream(header), StandardCharsets.UTF_8.newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT).onUnmappableCharacter(CodingErrorAction.REPORT)));
    }

    /**
     * Parses a header.
     *
     * @param header its bytes, without the length field
     * @param dataBytes number of bytes in the file after the header
     * @throws SafetensorsException with the {@link Problem} of the first check that fails
     */
    static SafetensorsHeader parse(byte[] header, long dataBytes) throws SafetensorsException {
      checkFrame(header);
      try (Parser parser = new Parser(header)) {
        parser.readHeader();
        checkLayout(parser.tensors.values(), dataBytes);
        return new SafetensorsHeader(parser.tensors, parser.metadata);
      } catch (SafetensorsException e) {
        throw e;
      } catch (CharacterCodingException e) {
        throw new SafetensorsException(Problem.HEADER_ENCODING, "the header is not UTF-8");
      } catch (JsonProcessingException e) {
        String where = e.getLocation() == null ? "" : " at character " + e.getLocation().getCharOffset();
        String found = e.getOriginalMessage();
        throw found.startsWith(DUPLICATE)
            ? new SafetensorsException(Problem.DUPLICATE_KEY,
                quote(found.substring(DUPLICATE.length(), found.length() - 1)) + " appears twice in one object of the header" + where)
            : new SafetensorsException(Problem.HEADER_SYNTAX, "the header is not valid JSON" + where);
      } catch (IOException e) {
        throw new SafetensorsException(Problem.HEADER_SYNTAX, "the header cannot be read");
      }
    }

    private static void checkFrame(byte[] header) throws SafetensorsException {
      if (header[0] != '{') {
        throw new SafetensorsException(Problem.HEADER_START,
            String.format(Locale.ROOT, "the header begins with byte 0x%02x; expected 0x7b, an opening brace", header[0]));
      }
      int last = header.length - 1;
      while (header[last] == ' ') {
        last--;
      }
      if (header[last] != '}') {
        throw new SafetensorsException(Problem.HEADER_PADDING,
            String.format(Locale.ROOT, "the header ends with byte 0x%02x; expected a closing brace and spaces", header[last]));
      }
    }

    private void readHeader() throws IOException {
      json.nextToken();
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String name = json.currentName();
        if (name.equals("__metadata__")) {
          readMetadata();
        } else {
          tensors.put(name, readEntry(name));
        }
      }
      if (json.nextToken() != null) {
        throw new SafetensorsException(Problem.HEADER_SYNTAX, "the header continues after its JSON object");
      }
    }

    private void readMetadata() throws IOException {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw new SafetensorsException(Problem.METADATA, "__metadata__ is " + found() + "; expected an object");
      }
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String key = json.currentName();
        if (json.nextToken() != JsonToken.VALUE_STRING) {
          throw new SafetensorsException(Problem.METADATA, "__metadata__." + quote(key) + " is " + found() + "; expected a string");
        }
        metadata.put(key, json.getText());
      }
    }

    private TensorInfo readEntry(String name) throws IOException {
      String tensor = "tensor " + quote(name);
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw new SafetensorsException(Problem.ENTRY, tensor + " is " + found() + "; expected an object");
      }
      DType dtype = null;
      List<Long> shape = null;
      List<Long> offsets = null;
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String key = json.currentName();
        switch (key) {
          case "dtype" -> dtype = readDType(tensor);
          case "shape" -> shape = readNumbers(tensor + ": shape", Problem.SHAPE, MAX_RANK);
          case "data_offsets" -> offsets = readNumbers(tensor + ": data_offsets", Problem.OFFSETS, 2);
          default -> throw new SafetensorsException(Problem.ENTRY,
              tensor + " has the unknown key " + quote(key) + "; expected dtype, shape, data_offsets");
        }
      }
      if (dtype == null || shape == null || offsets == null) {
        throw new SafetensorsException(Problem.ENTRY,
            tensor + " lacks " + (dtype == null ? "dtype" : shape == null ? "shape" : "data_offsets"));
      }
      if (offsets.size() != 2 || offsets.get(0) > offsets.get(1)) {
        throw new SafetensorsException(Problem.OFFSETS,
            tensor + ": data_offsets are " + offsets + "; expected [begin, end] with begin at most end");
      }
      TensorInfo info = new TensorInfo(name, dtype, shape, offsets.get(0), offsets.get(1));
      checkSize(tensor, info);
      return info;
    }

    private DType readDType(String tensor) throws IOException {
      if (json.nextToken() == JsonToken.VALUE_STRING) {
        String name = json.getText();
        for (DType each : DType.values()) {
          if (each.name().equals(name)) {
            return each;
          }
        }
      }
      throw new SafetensorsException(Problem.DTYPE,
          tensor + ": dtype is " + found() + "; expected one of " + Arrays.toString(DType.values()));
    }

    private List<Long> readNumbers(String what, Problem problem, int most) throws IOException {
      if (json.nextToken() != JsonToken.START_ARRAY) {
        throw new SafetensorsException(problem, what + " is " + found() + "; expected an array");
      }
      List<Long> numbers = new ArrayList<>(2);
      while (json.nextToken() != JsonToken.END_ARRAY) {
        boolean whole = json.currentToken() == JsonToken.VALUE_NUMBER_INT && json.getNumberType() != JsonParser.NumberType.BIG_INTEGER;
        if (!whole || json.getLongValue() < 0) {
          throw new SafetensorsException(problem, what + " holds " + found() + "; expected whole numbers from 0 to 2^63 - 1");
        }
        if (numbers.size() == most) {
          throw new SafetensorsException(problem, what + " has more than " + most + " numbers");
        }
        numbers.add(json.getLongValue());
      }
      return numbers;
    }

    private static void checkSize(String tensor, TensorInfo info) throws SafetensorsException {
      long bytes = info.dtype().bytes();
      try {
        for (long size : info.shape()) {
          bytes = Math.multiplyExact(bytes, size);
        }
      } catch (ArithmeticException e) {
        throw new SafetensorsException(Problem.OVERFLOW, tensor + ": shape " + info.shape() + " of " + info.dtype()
            + " has more than 2^63 bytes");
      }
      if (bytes != info.end() - info.begin()) {
        throw new SafetensorsException(Problem.SIZE, tensor + ": data_offsets span " + (info.end() - info.begin())
            + " bytes; expected " + bytes + " for shape " + info.shape() + " of " + info.dtype());
      }
    }

    private String found() throws IOException {
      JsonToken token = json.currentToken();
      if (token == null) {
        return "nothing";
      }
      return switch (token) {
        case START_OBJECT -> "an object";
        case START_ARRAY -> "an array";
        default -> quote(json.getText());
      };
    }

    /** Makes untrusted text printable and short, and quotes it for a message. */
    static String quote(String text) {
      return "'" + RecordJson.printable(text) + "'";
    }

    @Override
    public void close() throws IOException {
      json.close();
    }
  }
}
