package org.tarflowlm.data.text;

/**
 * One document of a corpus, or a piece of one.
 *
 * @param name where it lies, for messages
 * @param utf8 its text, encoded
 * @param continued whether this goes on with the document before it
 */
public record Document(String name, byte[] utf8, boolean continued) {
  /** A whole document. */
  public Document(String name, byte[] utf8) {
    this(name, utf8, false);
  }
}
