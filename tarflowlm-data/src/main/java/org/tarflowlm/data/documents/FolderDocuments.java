package org.tarflowlm.data.documents;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import org.tarflowlm.data.file.IoErrors;

/** Documents of a folder and the folders in it, see {@link FolderFiles}. */
final class FolderDocuments extends MemberDocuments {
  private final Iterator<Path> files;

  FolderDocuments(Path folder, DocumentOptions options, DocumentReport report) {
    super(options, report, 0);
    this.files = new FolderFiles(folder);
  }

  @Override
  Member nextMember() {
    if (!files.hasNext()) {
      return null;
    }
    Path path = files.next();
    try {
      return new Member(path.toString(), Files.size(path), () -> Files.newInputStream(path));
    } catch (IOException e) {
      throw IoErrors.unreadable(path, e);
    }
  }
}
