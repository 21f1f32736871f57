package org.tarflowlm.data.documents;

import java.io.Serializable;
import org.tarflowlm.data.DataException;

/**
 * Options for reading documents.
 *
 * @param bad what to do with bad documents
 * @param textField the field of a JSON object that holds the text; dots separate the names of nested fields
 * @param limits limits against hostile archives
 */
public record DocumentOptions(BadDocuments bad, String textField, DocumentSource.Limits limits) implements Serializable {
  /** Stops at a bad document; takes the field "text". */
  public static final DocumentOptions DEFAULT = new DocumentOptions(BadDocuments.FAIL, "text", DocumentSource.Limits.DEFAULT);

  public DocumentOptions {
    if (textField.isEmpty() || textField.startsWith(".") || textField.endsWith(".") || textField.contains("..")) {
      throw new DataException("text field is \"" + textField + "\"; expected the name of a field, or names separated by dots");
    }
  }

  /** A copy with another policy for bad documents. */
  public DocumentOptions withBad(BadDocuments choice) {
    return new DocumentOptions(choice, textField, limits);
  }

  /** A copy that takes the text from another field. */
  public DocumentOptions withTextField(String field) {
    return new DocumentOptions(bad, field, limits);
  }

  /** A copy with other limits. */
  public DocumentOptions withLimits(DocumentSource.Limits bounds) {
    return new DocumentOptions(bad, textField, bounds);
  }

  /**
   * Counts a document that is left out.
   *
   * @throws DataException with this message, if the options say to stop at bad documents
   */
  public void bad(String message, DocumentReport report) {
    if (bad != BadDocuments.SKIP) {
      throw new DataException(message);
    }
    report.bad(message);
  }
}
