package org.tarflowlm.data.windows;

import org.tarflowlm.data.documents.UnknownCharacters;
import org.tarflowlm.data.tokenize.Text8Alphabet;

/** Windows of a text8-format file (a to z and space; plain, .zip, .gz, .bz2 or .xz), ids as {@link Text8Alphabet}. */
public final class Text8RecordReader extends WindowRecordReader.OfBytes {
  private static final long serialVersionUID = 1L;

  /** @param length tokens in a window */
  public Text8RecordReader(int length) {
    this(length, null, UnknownCharacters.FAIL);
  }

  /**
   * @param length tokens in a window
   * @param member which member of a zip archive, or null for its only one
   * @param foreign what to do with characters outside text8's alphabet
   */
  public Text8RecordReader(int length, String member, UnknownCharacters foreign) {
    super(length, Text8Alphabet.NAME, member, foreign);
  }
}
