package org.tarflowlm.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokenize.Tokenizers;

class StopStringsTest {
  /** The ids of words in a little tokenizer; one word stands for nothing. */
  private static final class Words implements Tokenizer {
    private static final List<String> WORDS = List.of("", "stop here", "s", "top", " or", " there", "\u00e9");

    @Override
    public String name() {
      return "words";
    }

    @Override
    public int vocabSize() {
      return WORDS.size();
    }

    @Override
    public int separator() {
      return 0;
    }

    @Override
    public int[] encode(String text) {
      return Arrays.stream(text.split(",")).mapToInt(Integer::parseInt).toArray();
    }

    @Override
    public byte[] decodeBytes(int[] ids) {
      StringBuilder text = new StringBuilder();
      for (int id : ids) {
        text.append(WORDS.get(id));
      }
      return text.toString().getBytes(StandardCharsets.UTF_8);
    }
  }

  static Stream<Arguments> texts() {
    Tokenizer words = new Words();
    Tokenizer gpt2 = Tokenizers.byName("gpt2");
    Tokenizer text8 = Tokenizers.byName("text8");
    Tokenizer bytes = Tokenizers.byName("bytes");
    return Stream.of(
        Arguments.of("inside a token", words, "4,1,5", List.of("top"), " orstop", 2),
        Arguments.of("at a token's end", words, "2,3,4", List.of("stop"), "stop", 2),
        Arguments.of("at a token's start", words, "2,1", List.of("ss"), "ss", 2),
        Arguments.of("across tokens, with empty ones between", words, "4,2,0,0,0,0,0,0,3,0,4", List.of("rstop"), " orstop", 9),
        Arguments.of("across three tokens", words, "2,3,4,5", List.of("top or the"), "stop or the", 4),
        Arguments.of("the first to be complete", words, "1,5", List.of("stop here the", "here"), "stop here", 1),
        Arguments.of("nowhere", words, "1,5", List.of("nowhere"), "stop here there", 2),
        Arguments.of("a letter of two bytes", words, "4,6,6", List.of("\u00e9"), " or\u00e9", 2),
        Arguments.of("gpt2, inside a word", gpt2, "The weather is wonderful today", List.of("onder"), "The weather is wonder", 4),
        Arguments.of("gpt2, across words", gpt2, "The weather is wonderful today", List.of("er is"), "The weather is", 3),
        Arguments.of("text8", text8, "the cat sat", List.of("cat"), "the cat", 7),
        Arguments.of("bytes", bytes, "caf\u00e9 cr\u00e8me", List.of("\u00e9 c"), "caf\u00e9 c", 7));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("texts")
  void aTextEndsWithTheStopString(String what, Tokenizer tokenizer, String text, List<String> stop, String expected, int tokens) {
    int[] ids = tokenizer.encode(text);
    StopStrings stops = new StopStrings(stop, tokenizer);
    int count = 1;
    while (count < ids.length && !stops.endAt(ids, 0, count)) {
      count++;
    }
    assertEquals(tokens, count);
    assertEquals(expected, stops.textOf(Arrays.copyOf(ids, count)));
    assertTrue(new StopStrings(List.of(), tokenizer).textOf(ids).startsWith(expected));
  }
}
