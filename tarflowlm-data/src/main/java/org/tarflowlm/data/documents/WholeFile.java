package org.tarflowlm.data.documents;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.file.IoErrors;
import org.tarflowlm.data.tokenize.Gpt2Bpe;

/**
 * A file as its only document, in pieces. Cuts fall where {@link Gpt2Bpe#wordsPart} separates words, so that a byte-pair encoding over
 * such words gives the same ids for the pieces as for the whole.
 */
final class WholeFile implements DocumentSource {
  /** Longest run of bytes without a place to cut. */
  private static final int LONGEST_PIECE = 1 << 24;

  private final InputFile file;
  private final InputStream in;
  private byte[] rest = new byte[0];
  private long offset;
  private boolean ended;

  WholeFile(InputFile file) {
    this.file = file;
    this.in = file.open();
  }

  @Override
  public Part next() {
    byte[] piece = piece();
    if (piece.length == 0) {
      return null;
    }
    Batch batch = new Batch();
    batch.add(new Document(file.toString(), piece, offset, true));
    offset += piece.length;
    return batch;
  }

  private byte[] piece() {
    byte[] bytes = rest;
    int cut = -1;
    while (cut < 0 && !ended) {
      if (bytes.length >= LONGEST_PIECE) {
        throw new DataException(file + " has a word of more than " + LONGEST_PIECE + " bytes at offset " + offset + "; expected text with "
            + "spaces or marks between words");
      }
      // Reading as much again each time: a long word is scanned only as often as its length doubles.
      int had = bytes.length;
      int wanted = Math.max(Batch.BYTES, had);
      byte[] more = IoErrors.reading(file, () -> in.readNBytes(wanted));
      ended = more.length < wanted;
      bytes = Arrays.copyOf(bytes, had + more.length);
      System.arraycopy(more, 0, bytes, had, more.length);
      cut = ended ? -1 : lastCut(bytes, Math.max(0, had - 8));
    }
    int end = cut < 0 ? bytes.length : cut;
    rest = Arrays.copyOfRange(bytes, end, bytes.length);
    return end == bytes.length ? bytes : Arrays.copyOf(bytes, end);
  }

  /** The last place after {@code least} where two words meet, or -1. */
  private static int lastCut(byte[] bytes, int least) {
    int after = -1;
    int end = bytes.length;
    for (int at = bytes.length - 1; at >= least; at--) {
      if ((bytes[at] & 0xc0) != 0x80) {
        int character = codePoint(bytes, at, end);
        if (character >= 0 && after >= 0 && Gpt2Bpe.wordsPart(character, after)) {
          return end;
        }
        after = character;
        end = at;
      }
    }
    return -1;
  }

  /** The character in bytes [from, to), or -1 if they are not exactly one character. */
  private static int codePoint(byte[] bytes, int from, int to) {
    String text = new String(bytes, from, to - from, StandardCharsets.UTF_8);
    boolean valid = Arrays.equals(text.getBytes(StandardCharsets.UTF_8), Arrays.copyOfRange(bytes, from, to));
    return valid && text.codePointCount(0, text.length()) == 1 ? text.codePointAt(0) : -1;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
