package org.tarflowlm.data.documents;

/**
 * One document of a corpus, or a piece of one.
 *
 * @param name path of the document, for messages
 * @param utf8 its text in UTF-8
 * @param offset bytes of the document before this piece; above 0, the piece continues that document
 * @param isPiece whether the document comes in pieces
 */
public record Document(String name, byte[] utf8, long offset, boolean isPiece) {
  /** A whole document. */
  public Document(String name, byte[] utf8) {
    this(name, utf8, 0, false);
  }

  /** Whether this piece continues the previous document. */
  public boolean continued() {
    return offset > 0;
  }
}
