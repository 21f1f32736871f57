package org.tarflowlm.data.windows;

import org.tarflowlm.data.documents.UnknownCharacters;
import org.tarflowlm.data.tokenize.Bytes;

/** Windows of a file's bytes, as for enwik8: 256 ids, never decoded (plain, .zip, .gz, .bz2 or .xz). */
public final class Enwik8RecordReader extends WindowRecordReader.OfBytes {
  private static final long serialVersionUID = 1L;

  /** @param length bytes in a window */
  public Enwik8RecordReader(int length) {
    this(length, null);
  }

  /**
   * @param length bytes in a window
   * @param member which member of a zip archive, or null for its only one
   */
  public Enwik8RecordReader(int length, String member) {
    super(length, Bytes.NAME, member, UnknownCharacters.FAIL);
  }
}
