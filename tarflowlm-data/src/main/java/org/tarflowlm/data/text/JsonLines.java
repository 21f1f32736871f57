package org.tarflowlm.data.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.file.IoErrors;

/** Documents of a .jsonl file (plain or compressed): one JSON object a line, its text in the field "text". */
final class JsonLines implements DocumentSource {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final InputFile file;
  private final InputStream in;
  private final Limits limits;
  private final byte[] buffer = new byte[1 << 16];
  private int at;
  private int end;
  private long line;

  JsonLines(InputFile file, Limits limits) {
    this.file = file;
    this.in = file.open();
    this.limits = limits;
  }

  @Override
  public Part next() throws IOException {
    RawLines part = new RawLines(file, line + 1);
    boolean full = false;
    while (!full) {
      byte[] raw = readLine();
      if (raw == null) {
        break;
      }
      line++;
      full = part.add(raw);
    }
    return part.lines.isEmpty() ? null : part;
  }

  /** The next line without its end, or null. */
  private byte[] readLine() throws IOException {
    byte[] out = new byte[0];
    while (at < end || fill()) {
      int stop = at;
      while (stop < end && buffer[stop] != '\n') {
        stop++;
      }
      int had = out.length;
      if ((long) had + stop - at > limits.documentBytes()) {
        throw new DataException(file + " line " + (line + 1) + " is longer than " + limits.documentBytes() + " bytes, the limit");
      }
      out = Arrays.copyOf(out, had + stop - at);
      System.arraycopy(buffer, at, out, had, stop - at);
      at = stop;
      if (stop < end) {
        at++;
        return out;
      }
    }
    return out.length == 0 ? null : out;
  }

  private boolean fill() {
    try {
      at = 0;
      end = Math.max(0, in.read(buffer));
      return end > 0;
    } catch (IOException e) {
      throw IoErrors.unreadable(file, e);
    }
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  /** Lines that are parsed by whoever reads the part. */
  private static final class RawLines implements Part {
    private final InputFile file;
    private final long firstLine;
    private final List<byte[]> lines = new ArrayList<>();
    private int bytes;

    RawLines(InputFile file, long firstLine) {
      this.file = file;
      this.firstLine = firstLine;
    }

    boolean add(byte[] raw) {
      lines.add(raw);
      bytes += raw.length;
      return bytes >= DocumentBatch.BYTES;
    }

    @Override
    public void forEach(DocumentConsumer consumer) throws IOException {
      for (int i = 0; i < lines.size(); i++) {
        byte[] raw = lines.get(i);
        if (!isBlank(raw)) {
          String name = file + " line " + (firstLine + i);
          consumer.accept(new Document(name, text(name, raw)));
        }
      }
    }

    private static boolean isBlank(byte[] raw) {
      for (byte b : raw) {
        if (b != ' ' && b != '\t' && b != '\r') {
          return false;
        }
      }
      return true;
    }

    private static byte[] text(String name, byte[] raw) throws IOException {
      try {
        JsonNode node = JSON.readTree(raw);
        JsonNode text = node.get("text");
        if (text == null || !text.isTextual()) {
          throw new DataException(name + " has " + (text == null ? "no field \"text\"" : "a field \"text\" that is no string")
              + "; expected an object like {\"text\": \"...\"}");
        }
        ByteBuffer utf8 = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text.textValue()));
        return Arrays.copyOf(utf8.array(), utf8.limit());
      } catch (CharacterCodingException e) {
        throw new DataException(name + " has half of a surrogate pair in its field \"text\"", e);
      } catch (JsonProcessingException e) {
        throw new DataException(name + " is not valid JSON: " + e.getOriginalMessage(), e);
      }
    }
  }
}
