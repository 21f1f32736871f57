package org.tarflowlm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tarflowlm.data.tokenize.Gpt2Bpe;

class TextStreamTest {
  @ParameterizedTest
  @CsvSource(textBlock = """
      the cat sat on the mat, at, the cat
      the cat sat on the mat, t s, the cat s
      the cat sat on the mat, mat, the cat sat on the mat
      the cat sat on the mat, sta, the cat sat on the mat
      prompt twice prompt twice, prompt, prompt
      caf\u00e9 cr\u00e8me br\u00fbl\u00e9e, \u00e8, caf\u00e9 cr\u00e8""")
  void nothingIsPrintedBehindAStopString(String text, String stop, String expected) {
    StringWriter printed = new StringWriter();
    Gpt2Bpe tokenizer = new Gpt2Bpe();
    TextStream stream = new TextStream(tokenizer, new PrintWriter(printed), List.of(stop));
    stream.prompt("prompt at ");
    for (int id : tokenizer.encode(text)) {
      stream.accept(new int[] {id});
    }
    stream.end();
    assertEquals("prompt at " + expected, printed.toString().stripTrailing());
  }
}
