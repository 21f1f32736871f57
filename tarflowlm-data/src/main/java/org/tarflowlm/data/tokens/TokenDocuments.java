package org.tarflowlm.data.tokens;

import java.util.Arrays;
import org.tarflowlm.data.documents.Document;
import org.tarflowlm.data.documents.DocumentSource;
import org.tarflowlm.data.documents.Utf8;
import org.tarflowlm.data.tokenize.ByteTokenizer;
import org.tarflowlm.data.tokenize.Tokenizer;

/**
 * The texts of a corpus's part, decoded from ids, in pieces. A document lies between two separators; if the tokenizer's separator also
 * occurs in texts, the part is a single document. A character cut by either end of the part is left out.
 */
public final class TokenDocuments implements DocumentSource {
  private static final int NONE = -1;
  /** Most bytes of a character after its first. */
  private static final int LONGEST_REST = 3;

  private final TokenSequence tokens;
  private final Tokenizer tokenizer;
  private final String name;
  private final int separator;
  private long at;
  /** Bytes of the current document so far. */
  private long offset;
  /** Bytes of a character that continues in the next block. */
  private byte[] begun = {};

  /** @param name of the part, for messages */
  public TokenDocuments(TokenSequence tokens, Tokenizer tokenizer, String name) {
    this.tokens = tokens;
    this.tokenizer = tokenizer;
    this.name = name;
    separator = tokenizer instanceof ByteTokenizer ? NONE : tokenizer.separator();
  }

  @Override
  public Part next() {
    if (at == tokens.length()) {
      return null;
    }
    int[] ids = new int[(int) Math.min(Batch.BYTES, tokens.length() - at)];
    tokens.read(at, ids, 0, ids.length);
    Batch batch = new Batch();
    int from = at == 0 && separator == NONE ? afterCutCharacter(ids) : 0;
    for (int i = from; i < ids.length; i++) {
      if (ids[i] == separator) {
        batch.add(piece(Arrays.copyOfRange(ids, from, i)));
        offset = 0;
        begun = new byte[0];
        from = i + 1;
      }
    }
    batch.add(piece(Arrays.copyOfRange(ids, from, ids.length)));
    at += ids.length;
    return batch;
  }

  private Document piece(int[] ids) {
    byte[] more = tokenizer.decodeBytes(ids);
    byte[] bytes = Arrays.copyOf(begun, begun.length + more.length);
    System.arraycopy(more, 0, bytes, begun.length, more.length);
    int end = Utf8.wholeCharacters(bytes, bytes.length);
    begun = Arrays.copyOfRange(bytes, end, bytes.length);
    Document piece = new Document(name, Arrays.copyOf(bytes, end), offset, true);
    offset += end;
    return piece;
  }

  private int afterCutCharacter(int[] ids) {
    byte[] head = tokenizer.decodeBytes(Arrays.copyOf(ids, Math.min(ids.length, LONGEST_REST)));
    int first = 0;
    while (first < head.length && (head[first] & 0xc0) == 0x80) {
      first++;
    }
    return first;
  }

  @Override
  public void close() {
    tokens.close();
  }
}
