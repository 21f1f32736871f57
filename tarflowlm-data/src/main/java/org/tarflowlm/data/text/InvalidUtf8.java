package org.tarflowlm.data.text;

/** What to do with a document that is not valid UTF-8. */
public enum InvalidUtf8 {
  /** Stop with an error that names the document and the offset of the first bad byte. */
  FAIL,
  /** Put U+FFFD in place of what cannot be decoded. */
  REPLACE,
  /** Leave the document out. */
  SKIP
}
