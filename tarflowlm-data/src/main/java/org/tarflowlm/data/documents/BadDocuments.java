package org.tarflowlm.data.documents;

/** Policy for bad documents: bytes that are not UTF-8, a line that is not JSON or has no text. */
public enum BadDocuments {
  /** Stop with an error that names the document and the place in it. */
  FAIL,
  /** Replace what cannot be decoded with U+FFFD; stop where there is no text at all. */
  REPLACE,
  /** Leave the document out and count it. */
  SKIP
}
