package org.tarflowlm.data.text;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.tokenize.ByteTokenizer;
import org.tarflowlm.data.tokenize.Tokenizer;

/** Opens a file as a sequence of tokens. */
public final class TokenSequences {
  private TokenSequences() {}

  /**
   * The tokens of one file of text (plain, .zip, .gz, .bz2, .xz). Byte-level tokenizers map the file; others hold its tokens in
   * memory.
   *
   * @throws DataException if the file cannot be read or is damaged
   */
  public static TokenSequence open(InputFile input, Tokenizer tokenizer) {
    if (tokenizer instanceof ByteTokenizer byteTokenizer) {
      return ByteTokenFile.open(input, byteTokenizer);
    }
    try (InputStream in = input.open()) {
      return TokenArray.of(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(in.readAllBytes())).toString(), tokenizer);
    } catch (CharacterCodingException e) {
      throw new DataException(input + " is not valid UTF-8: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new DataException("cannot read " + input + ": " + e.getMessage(), e);
    }
  }

  /** As {@link #open(InputFile, Tokenizer)}, the file named as {@link InputFile#parse} reads it. */
  public static TokenSequence open(String name, Tokenizer tokenizer) {
    return open(InputFile.parse(name), tokenizer);
  }
}
