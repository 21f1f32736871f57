package org.tarflowlm.data.text;

import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import org.tarflowlm.data.file.InputFile;

/** The documents of several files or folders, one after another. */
final class JoinedDocuments implements DocumentSource {
  private final Iterator<InputFile> files;
  private final Limits limits;
  private DocumentSource current;

  JoinedDocuments(List<InputFile> files, Limits limits) {
    this.files = files.iterator();
    this.limits = limits;
  }

  @Override
  public Part next() throws IOException {
    while (current != null || files.hasNext()) {
      if (current == null) {
        current = DocumentSources.open(files.next(), limits);
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
