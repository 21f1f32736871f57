package org.tarflowlm.data.documents;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.file.IoErrors;
import org.tarflowlm.data.tokenize.Tokenizers;

/**
 * Documents of JSON Lines: one or more JSON objects per line, their text in a field. Lines end with LF, CR or both; blank lines and byte
 * order marks are skipped.
 */
final class JsonLines implements DocumentSource {
  /** Accepts NaN and Infinity, which Python writes. Rejects an object with two fields of one name, of which one would be lost. */
  private static final JsonMapper JSON = JsonMapper.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
      .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY).build();
  private static final byte[] BYTE_ORDER_MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};

  static {
    // JsonLines limits the length of a line itself.
    JSON.getFactory().setStreamReadConstraints(StreamReadConstraints.builder().maxStringLength(Integer.MAX_VALUE).build());
  }

  private final InputStream in;
  private final String name;
  private final DocumentOptions options;
  private final DocumentReport report;
  private final byte[] buffer = new byte[1 << 16];
  private int at;
  private int end;
  private long offset;
  private long line = 1;
  private boolean afterCr;

  /** @param in the lines, unpacked; closed with this */
  JsonLines(InputStream in, String name, DocumentOptions options, DocumentReport report) {
    this.in = in;
    this.name = name;
    this.options = options;
    this.report = report;
  }

  /** A line without its line end. */
  private record Line(long number, long offset, byte[] json) {
  }

  @Override
  public Part next() throws IOException {
    List<Line> lines = new ArrayList<>();
    int bytes = 0;
    while (bytes < Batch.BYTES && (at < end || fill())) {
      Line next = readLine();
      if (next != null && !isBlank(next.json)) {
        lines.add(next);
        bytes += next.json.length;
      }
    }
    return lines.isEmpty() ? null : consumer -> {
      for (Line each : lines) {
        read(each, consumer);
      }
    };
  }

  /** The next line; null if it is too long and such documents are left out. */
  private Line readLine() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    long number = line;
    long first = -1;
    boolean tooLong = false;
    while (at < end || fill()) {
      if (afterCr && buffer[at] == '\n') {
        at++;
        afterCr = false;
        continue;
      }
      afterCr = false;
      first = first < 0 ? offset - end + at : first;
      int stop = at;
      while (stop < end && buffer[stop] != '\n' && buffer[stop] != '\r') {
        stop++;
      }
      if (!tooLong && (long) out.size() + stop - at > options.limits().documentBytes()) {
        options.bad(name + " line " + number + " is longer than " + options.limits().documentBytes() + " bytes, the limit", report);
        tooLong = true;
      }
      if (!tooLong) {
        out.write(buffer, at, stop - at);
      }
      at = stop;
      if (stop < end) {
        afterCr = buffer[at++] == '\r';
        line++;
        break;
      }
    }
    return tooLong ? null : new Line(number, first, out.toByteArray());
  }

  private boolean fill() {
    boolean first = offset == 0;
    at = 0;
    end = Math.max(0, IoErrors.reading(name, () -> in.read(buffer)));
    offset += end;
    if (first) {
      InputFile.requireContent(Arrays.copyOf(buffer, Math.min(end, 64)), name);
    }
    return end > 0;
  }

  private static boolean isBlank(byte[] raw) {
    for (byte b : raw) {
      if (b != ' ' && b != '\t') {
        return false;
      }
    }
    return true;
  }

  /** Removes byte order marks; where files were joined, one may stand in the middle. */
  private static int afterMark(byte[] raw) {
    return raw.length >= 3 && Arrays.equals(raw, 0, 3, BYTE_ORDER_MARK, 0, 3) ? 3 : 0;
  }

  private void read(Line line, DocumentConsumer consumer) throws IOException {
    String place = name + " line " + line.number;
    String text;
    int start = afterMark(line.json);
    try {
      text = Utf8.decode(Arrays.copyOfRange(line.json, start, line.json.length), place, line.offset + start);
    } catch (DataException e) {
      if (options.bad() != BadDocuments.REPLACE) {
        options.bad(e.getMessage(), report);
        return;
      }
      text = new String(line.json, start, line.json.length - start, StandardCharsets.UTF_8);
    }
    int object = 0;
    try (MappingIterator<JsonNode> values = JSON.readerFor(JsonNode.class).readValues(text)) {
      while (values.hasNextValue()) {
        JsonNode value = values.nextValue();
        object++;
        accept(value, object == 1 ? place : place + " object " + object, consumer);
      }
    } catch (JsonProcessingException e) {
      String after = object == 0 ? "" : " after " + object + " objects";
      options.bad(place + " is not valid JSON" + after + ": " + e.getOriginalMessage(), report);
    }
  }

  private void accept(JsonNode value, String place, DocumentConsumer consumer) throws IOException {
    JsonNode found = value;
    if (value.has(options.textField())) {
      found = value.get(options.textField());
    } else {
      for (String part : options.textField().split("\\.")) {
        found = found == null ? null : found.get(part);
      }
    }
    if (found == null || !found.isTextual()) {
      String what = found == null ? "no field \"" + options.textField() + "\""
          : "a field \"" + options.textField() + "\" that is " + (found.isNull() ? "null" : "no string");
      options.bad(place + " has " + what + "; expected an object like {\"text\": \"...\"}, or another --text-field", report);
      return;
    }
    String text = found.textValue();
    int half = Tokenizers.loneSurrogate(text);
    if (half >= 0 && options.bad() != BadDocuments.REPLACE) {
      options.bad(String.format(Locale.ROOT, "%s has half of a surrogate pair in its field \"%s\": U+%04X at character %d", place,
          options.textField(), (int) text.charAt(half), half), report);
      return;
    }
    consumer.accept(new Document(place, half < 0 ? text.getBytes(StandardCharsets.UTF_8) : withoutLoneSurrogates(text)));
  }

  private static byte[] withoutLoneSurrogates(String text) {
    StringBuilder repaired = new StringBuilder(text);
    for (int i = Tokenizers.loneSurrogate(repaired); i >= 0; i = Tokenizers.loneSurrogate(repaired)) {
      repaired.setCharAt(i, '\ufffd');
    }
    return repaired.toString().getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
