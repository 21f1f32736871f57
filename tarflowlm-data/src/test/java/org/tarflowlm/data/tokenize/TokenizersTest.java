package org.tarflowlm.data.tokenize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.text.Excerpt;

class TokenizersTest {
  private static final String MIXED = "Caf\u00e9 \u4f60\u597d \ud83d\udc4d\ud83c\udffd\r\n  tabs\t\tand     spaces 12345";

  @Test
  void findsByName() {
    for (String name : new String[] {"text8", "bytes", "gpt2"}) {
      assertEquals(name, Tokenizers.byName(name).name());
    }
    String message = assertThrows(DataException.class, () -> Tokenizers.byName("bpe")).getMessage();
    assertTrue(message.contains("\"bpe\"") && message.contains("text8, bytes, gpt2"), message);
  }

  @Test
  void vocabularySizes() {
    assertEquals(27, Tokenizers.byName("text8").vocabSize());
    assertEquals(256, Tokenizers.byName("bytes").vocabSize());
    assertEquals(50257, Tokenizers.byName("gpt2").vocabSize());
  }

  @Test
  void text8NumbersSpaceThenLetters() {
    assertArrayEquals(new int[] {1, 0, 26}, new Text8Alphabet().encode("a z"));
    assertEquals("a z", new Text8Alphabet().decode(new int[] {1, 0, 26}));
  }

  @Test
  void text8NamesTheForeignCharacterAndItsOffset() {
    String message = assertThrows(DataException.class, () -> new Text8Alphabet().encode("the End")).getMessage();
    assertTrue(message.contains("'E' (U+0045) at offset 4"), message);
    message = assertThrows(DataException.class, () -> new Text8Alphabet().encode("ab\ncd")).getMessage();
    assertTrue(message.contains("U+000A at offset 2"), message);
  }

  @Test
  void everyTokenizerGivesTheBytesBack() {
    assertRoundTrip(new Text8Alphabet(), Excerpt.text());
    assertRoundTrip(new Bytes(), MIXED);
    assertRoundTrip(new Gpt2Bpe(), MIXED);
    assertRoundTrip(new Gpt2Bpe(), "<|endoftext|>");
    for (Tokenizer tokenizer : Tokenizers.all()) {
      assertRoundTrip(tokenizer, "");
    }
  }

  private static void assertRoundTrip(Tokenizer tokenizer, String text) {
    int[] ids = tokenizer.encode(text);
    for (int id : ids) {
      assertTrue(id >= 0 && id < tokenizer.vocabSize());
    }
    assertArrayEquals(text.getBytes(StandardCharsets.UTF_8), tokenizer.decodeBytes(ids));
    assertEquals(text, tokenizer.decode(ids));
  }

  @Test
  void idsOutsideTheVocabularyAreRefused() {
    for (Tokenizer tokenizer : Tokenizers.all()) {
      for (int id : new int[] {-1, tokenizer.vocabSize()}) {
        String message = assertThrows(DataException.class, () -> tokenizer.decode(new int[] {0, id})).getMessage();
        assertTrue(message.contains("id " + id + " at position 1"), message);
      }
    }
  }
}
