package org.tarflowlm.data.documents;

import java.io.Serializable;
import org.tarflowlm.data.DataException;

/**
 * Options for reading documents.
 *
 * @param bad what to do with documents that cannot be taken as they are
 * @param textField where the text of a JSON object stands; dots part the names of nested fields
 * @param limits bounds against hostile archives
 */
public record DocumentOptions(BadDocuments bad, String textField, DocumentSource.Limits limits) implements Serializable {
  /** Stops at a bad document; takes the field "text". */
  public static final DocumentOptions DEFAULT = new DocumentOptions(BadDocuments.FAIL, "text", DocumentSource.Limits.DEFAULT);

  public DocumentOptions {
    if (textField.isEmpty() || textField.startsWith(".") || textField.endsWith(".") || textField.contains("..")) {
      throw new DataException("text field is \"" + textField + "\"; expected the name of a field, or names parted by dots");
    }
  }

  public DocumentOptions withBad(BadDocuments choice) {
    return new DocumentOptions(choice, textField, limits);
  }

  public DocumentOptions withTextField(String field) {
    return new DocumentOptions(bad, field, limits);
  }

  public DocumentOptions withLimits(DocumentSource.Limits bounds) {
    return new DocumentOptions(bad, textField, bounds);
  }

  /** Counts a document that is left out, or stops at it. */
  public void bad(String message, DocumentReport report) {
    if (bad != BadDocuments.SKIP) {
      throw new DataException(message);
    }
    report.bad(message);
  }
}
