package org.tarflowlm.data.documents;

/** Policy for characters outside the tokenizer's alphabet. */
public enum UnknownCharacters {
  /** Stop with an error that names the character and its offset. */
  FAIL,
  /** Leave it out. */
  SKIP
}
