package org.tarflowlm.data.documents;

/**
 * One document of a corpus, or a piece of one.
 *
 * @param name where it lies, for messages
 * @param utf8 its text, encoded
 * @param offset bytes of the document before this piece of it; above 0 it continues that document
 * @param isPiece whether the document comes in pieces
 */
public record Document(String name, byte[] utf8, long offset, boolean isPiece) {
  /** A whole document. */
  public Document(String name, byte[] utf8) {
    this(name, utf8, 0, false);
  }

  /** Whether this continues the document before it. */
  public boolean continued() {
    return offset > 0;
  }
}
