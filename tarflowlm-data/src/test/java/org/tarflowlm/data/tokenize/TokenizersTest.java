package org.tarflowlm.data.tokenize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.documents.Excerpt;

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

  /** A tokenizer that another jar brings. */
  public static final class Vowels implements ByteTokenizer {
    private static final String ALL = "aeiou";

    @Override
    public String name() {
      return "vowels";
    }

    @Override
    public int vocabSize() {
      return ALL.length();
    }

    @Override
    public int separator() {
      return 0;
    }

    @Override
    public int id(int unsignedByte) {
      return ALL.indexOf(unsignedByte);
    }

    @Override
    public int[] encode(String text) {
      return text.chars().map(ALL::indexOf).toArray();
    }

    @Override
    public byte[] decodeBytes(int[] ids) {
      byte[] bytes = new byte[ids.length];
      for (int i = 0; i < ids.length; i++) {
        bytes[i] = (byte) ALL.charAt(ids[i]);
      }
      return bytes;
    }
  }

  @Test
  void findsThoseOfOtherJars(@TempDir Path jar) throws IOException {
    Path services = Files.createDirectories(jar.resolve("META-INF/services")).resolve(Tokenizer.class.getName());
    Files.writeString(services, Vowels.class.getName() + "\n");
    ClassLoader before = Thread.currentThread().getContextClassLoader();
    try (URLClassLoader loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, before)) {
      Thread.currentThread().setContextClassLoader(loader);
      assertArrayEquals(new int[] {3, 2}, Tokenizers.byName("vowels").encode("oi"));
      assertEquals(4, Tokenizers.all().size());
      Files.writeString(services, "org.example.Missing\n");
      assertEquals("text8", Tokenizers.byName("text8").name());
      String message = assertThrows(DataException.class, () -> Tokenizers.byName("vowels")).getMessage();
      assertTrue(message.contains("org.example.Missing"), message);
    } finally {
      Thread.currentThread().setContextClassLoader(before);
    }
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
