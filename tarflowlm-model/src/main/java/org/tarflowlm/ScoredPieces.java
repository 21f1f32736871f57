package org.tarflowlm;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.tarflowlm.Score.Piece;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokens.TokenSequence;

/** The bits of each token and of each character of a scored text. */
final class ScoredPieces {
  private final List<Piece> tokens = new ArrayList<>();
  private final List<Piece> characters = new ArrayList<>();
  /** Bytes and bits of the character that is not complete yet. */
  private byte[] bytes = new byte[4];
  private int count;
  private double bits;

  /** @param nats of each token, as many as were scored */
  ScoredPieces(TokenSequence text, double[] nats, Tokenizer tokenizer) {
    int[] ids = new int[nats.length];
    text.read(0, ids, 0, ids.length);
    String[] known = new String[tokenizer.vocabSize()];
    for (int t = 0; t < ids.length; t++) {
      int[] id = {ids[t]};
      if (known[ids[t]] == null) {
        known[ids[t]] = tokenizer.decode(id);
      }
      double own = nats[t] / Math.log(2);
      tokens.add(new Piece(known[ids[t]], own));
      byte[] encoded = tokenizer.decodeBytes(id);
      for (byte each : encoded) {
        add(each, own / encoded.length);
      }
    }
    end();
  }

  List<Piece> tokens() {
    return tokens;
  }

  List<Piece> characters() {
    return characters;
  }

  private void add(byte each, double share) {
    // every byte of UTF-8 that continues a character has the bits 10 in front
    if ((each & 0xc0) != 0x80) {
      end();
    }
    if (count == bytes.length) {
      bytes = Arrays.copyOf(bytes, 2 * count);
    }
    bytes[count++] = each;
    bits += share;
  }

  private void end() {
    if (count > 0) {
      characters.add(new Piece(new String(bytes, 0, count, StandardCharsets.UTF_8), bits));
    }
    count = 0;
    bits = 0;
  }
}
