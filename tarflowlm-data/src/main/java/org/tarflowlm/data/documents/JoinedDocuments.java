package org.tarflowlm.data.documents;

import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import org.tarflowlm.data.file.InputFile;

/** The documents of several files or folders, one after another. */
public final class JoinedDocuments implements DocumentSource {
  private final Iterator<InputFile> files;
  private final DocumentOptions options;
  private final DocumentReport report;
  private DocumentSource current;

  public JoinedDocuments(List<InputFile> files, DocumentOptions options, DocumentReport report) {
    this.files = files.iterator();
    this.options = options;
    this.report = report;
  }

  @Override
  public Part next() throws IOException {
    while (current != null || files.hasNext()) {
      if (current == null) {
        current = DocumentSources.open(files.next(), options, report);
      }
      Part part = current.next();
      if (part != null) {
        return part;
      }
      close();
    }
    return null;
  }

  @Override
  public void close() throws IOException {
    if (current != null) {
      current.close();
      current = null;
    }
  }
}
