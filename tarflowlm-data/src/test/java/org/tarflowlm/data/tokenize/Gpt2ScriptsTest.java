package org.tarflowlm.data.tokenize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.Sha256;

/**
 * Texts of many scripts, and texts of one endless word. Fifty lines of Python computed the ids from GPT-2's published pattern and merges.
 * Of a long text the test keeps the number of ids, and their hash as 16-bit numbers.
 */
class Gpt2ScriptsTest {
  private static final Gpt2Bpe GPT2 = new Gpt2Bpe();

  record Sample(String name, String text, JsonNode expected) {
    @Override
    public String toString() {
      return name;
    }
  }

  static List<Sample> samples() throws IOException {
    List<Sample> samples = new ArrayList<>();
    try (InputStream in = Gpt2ScriptsTest.class.getResourceAsStream("gpt2-scripts.json")) {
      for (JsonNode each : new ObjectMapper().readTree(in)) {
        samples.add(new Sample(each.get("name").asText(), each.get("text").asText().repeat(each.get("times").asInt()), each));
      }
    }
    return samples;
  }

  @ParameterizedTest
  @MethodSource("samples")
  void idsAreThoseOfTheReference(Sample sample) {
    int[] ids = GPT2.encode(sample.text);
    if (sample.expected.has("ids")) {
      assertArrayEquals(new ObjectMapper().convertValue(sample.expected.get("ids"), int[].class), ids);
    } else {
      assertEquals(sample.expected.get("count").asInt(), ids.length);
      ByteBuffer bytes = ByteBuffer.allocate(2 * ids.length).order(ByteOrder.LITTLE_ENDIAN);
      for (int id : ids) {
        bytes.putShort((short) id);
      }
      assertEquals(sample.expected.get("hash").asText(), Sha256.of(bytes.array()).substring(0, 16));
    }
    assertEquals(sample.text, GPT2.decode(ids));
  }

  @Test
  void halfACharacterIsNamed() {
    for (Tokenizer tokenizer : List.of(GPT2, new Bytes())) {
      String message = assertThrows(DataException.class, () -> tokenizer.encode("ab\ud83d")).getMessage();
      assertTrue(message.contains("U+D83D, at offset 2"), message);
    }
  }
}
