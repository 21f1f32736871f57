package org.tarflowlm.data.text;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.file.IoErrors;

/**
 * A file as its only document, in pieces. It is cut before a single space between two ASCII letters: a byte-pair encoding that
 * splits text into words as GPT-2's does (a word takes the space before it along) gives the same ids for the pieces as for the
 * whole.
 */
final class WholeFile implements DocumentSource {
  /** Longest run of text without such a place. */
  private static final int LONGEST_PIECE = 1 << 20;

  private final InputFile file;
  private final InputStream in;
  private byte[] rest = new byte[0];
  private boolean continued;
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
    DocumentBatch batch = new DocumentBatch();
    batch.add(new Document(file.toString(), piece, continued));
    continued = true;
    return batch;
  }

  private byte[] piece() {
    byte[] bytes = rest;
    int cut = -1;
    while (cut < 0 && !ended) {
      if (bytes.length >= LONGEST_PIECE) {
        throw new DataException(file + " has more than " + LONGEST_PIECE + " bytes without a space between two letters a to z: expected "
            + "text, or a .jsonl, a folder or a tar of documents");
      }
      byte[] more = read();
      int had = bytes.length;
      bytes = Arrays.copyOf(bytes, had + more.length);
      System.arraycopy(more, 0, bytes, had, more.length);
      cut = ended ? -1 : lastCut(bytes);
    }
    int end = cut < 0 ? bytes.length : cut;
    rest = Arrays.copyOfRange(bytes, end, bytes.length);
    return end == bytes.length ? bytes : Arrays.copyOf(bytes, end);
  }

  private byte[] read() {
    try {
      byte[] more = in.readNBytes(DocumentBatch.BYTES);
      ended = more.length < DocumentBatch.BYTES;
      return more;
    } catch (IOException e) {
      throw IoErrors.unreadable(file, e);
    }
  }

  private static int lastCut(byte[] bytes) {
    for (int i = bytes.length - 2; i > 0; i--) {
      if (bytes[i] == ' ' && isLetter(bytes[i - 1]) && isLetter(bytes[i + 1])) {
        return i;
      }
    }
    return -1;
  }

  private static boolean isLetter(byte b) {
    return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z';
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
