package org.tarflowlm.data.tokenize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.tarflowlm.data.documents.Excerpt;
import org.tarflowlm.data.file.Sha256;

/** OpenAI's own tokenizer made the expected ids (see "provenance" in gpt2-ids.json). */
class Gpt2BpeTest {
  private static final Gpt2Bpe GPT2 = new Gpt2Bpe();

  private static JsonNode golden() throws IOException {
    try (InputStream in = Gpt2BpeTest.class.getResourceAsStream("gpt2-ids.json")) {
      return new ObjectMapper().readTree(in);
    }
  }

  @TestFactory
  Stream<DynamicTest> idsAreOpenAis() throws IOException {
    return StreamSupport.stream(golden().get("cases").spliterator(), false).map(c -> DynamicTest.dynamicTest(c.get("name").asText(), () -> {
      String text = c.get("text").asText();
      int[] expected = StreamSupport.stream(c.get("ids").spliterator(), false).mapToInt(JsonNode::asInt).toArray();
      assertArrayEquals(expected, GPT2.encode(text));
      assertArrayEquals(text.getBytes(StandardCharsets.UTF_8), GPT2.decodeBytes(expected));
    }));
  }

  @Test
  void idsOfTheExcerptAreOpenAis() throws IOException {
    int[] ids = GPT2.encode(Excerpt.text());
    ByteBuffer bytes = ByteBuffer.allocate(2 * ids.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int id : ids) {
      bytes.putShort((short) id);
    }
    assertEquals(golden().get("excerptTokens").asInt(), ids.length);
    assertEquals(golden().get("excerptSha256").asText(), Sha256.of(bytes.array()));
  }
}
