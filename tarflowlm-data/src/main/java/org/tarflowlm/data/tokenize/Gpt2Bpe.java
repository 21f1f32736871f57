package org.tarflowlm.data.tokenize;

import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingType;
import com.knuddels.jtokkit.api.IntArrayList;
import org.tarflowlm.data.DataException;

/**
 * GPT-2's byte-pair encoding, 50257 ids, the same as OpenAI's. Text is taken literally: the characters {@code <|endoftext|>}
 * in a document are ordinary text, and {@link #END_OF_TEXT} is put between documents only by whoever joins them.
 */
public final class Gpt2Bpe implements Tokenizer {
  public static final String NAME = "gpt2";
  public static final int SIZE = 50257;
  /** The id that separates documents. */
  public static final int END_OF_TEXT = 50256;

  /** Parsing the merge table takes a while and some memory: all instances share it, and only once one is used. */
  private static final class Shared {
    static final Encoding ENCODING = Encodings.newLazyEncodingRegistry().getEncoding(EncodingType.R50K_BASE);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public int vocabSize() {
    return SIZE;
  }

  /** {@code <|endoftext|>}, which no text encodes to. */
  @Override
  public int separator() {
    return END_OF_TEXT;
  }

  @Override
  public int[] encode(String text) {
    return Shared.ENCODING.encodeOrdinary(text).toArray();
  }

  @Override
  public byte[] decodeBytes(int[] ids) {
    IntArrayList list = new IntArrayList(ids.length);
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] < 0 || ids[i] >= SIZE) {
        throw new DataException("id " + ids[i] + " at position " + i + " is outside GPT-2's vocabulary; expected 0 to 50256");
      }
      list.add(ids[i]);
    }
    return Shared.ENCODING.decodeBytes(list);
  }
}
