package org.tarflowlm.data.documents;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.file.IoErrors;
import org.tarflowlm.data.tokenize.Gpt2Bpe;

/**
 * A file as its only document, in pieces, cut where words part as {@link Gpt2Bpe#wordsPart} says: a byte-pair encoding over such words
 * gives the same ids for the pieces as for the whole.
 */
final class WholeFile implements DocumentSource {
  /** Longest run of text without such a place. */
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
        throw new DataException(file + " has a word of more than " + LONGEST_PIECE + " bytes at offset " + offset + ": expected text with "
            + "spaces or marks between words");
      }
      // A long word is looked through as often as it doubles.
      byte[] more = read(Math.max(Batch.BYTES, bytes.length));
      int had = bytes.length;
      bytes = Arrays.copyOf(bytes, had + more.length);
      System.arraycopy(more, 0, bytes, had, more.length);
      cut = ended ? -1 : lastCut(bytes, Math.max(0, had - 8));
    }
    int end = cut < 0 ? bytes.length : cut;
    rest = Arrays.copyOfRange(bytes, end, bytes.length);
    return end == bytes.length ? bytes : Arrays.copyOf(bytes, end);
  }

  private byte[] read(int wanted) {
    try {
      byte[] more = in.readNBytes(wanted);
      ended = more.length < wanted;
      return more;
    } catch (IOException e) {
      throw IoErrors.unreadable(file, e);
    }
  }

  /** The last place above {@code least} where words part, or -1. */
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

  /** The character of bytes [from, to), or -1 if they are no single one. */
  private static int codePoint(byte[] bytes, int from, int to) {
    int first = bytes[from] & 0xff;
    int length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (length != to - from) {
      return -1;
    }
    int value = length == 1 ? first : first & 0x3f >> length - 1;
    for (int i = from + 1; i < to; i++) {
      value = value << 6 | bytes[i] & 0x3f;
    }
    return value <= Character.MAX_CODE_POINT && (value < 0xd800 || value > 0xdfff) ? value : -1;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
