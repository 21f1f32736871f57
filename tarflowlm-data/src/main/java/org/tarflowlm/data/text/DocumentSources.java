package org.tarflowlm.data.text;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.tarflowlm.data.file.InputFile;

/** Opens corpora of documents, told by name. */
public final class DocumentSources {
  private static final String TAR = ".*\\.(tar|tar\\.xz|tar\\.gz|tgz|tar\\.bz2)";
  private static final String JSON_LINES = ".*\\.jsonl(\\.(gz|bz2|xz|zip))?";

  private DocumentSources() {}

  /** As {@link #open(InputFile, DocumentSource.Limits)}, with the default limits. */
  public static DocumentSource open(InputFile file) {
    return open(file, DocumentSource.Limits.DEFAULT);
  }

  /**
   * The documents of
   *
   * <ul>
   *   <li>a folder: its .txt files, and the tar archives in it;
   *   <li>a .tar, .tar.xz, .tgz, .tar.gz or .tar.bz2: its .txt files, or compressed tars of them;
   *   <li>a .jsonl (also .gz, .bz2, .xz, .zip): the field "text" of each line;
   *   <li>any other file, plain or compressed: the whole of it as one document, however long.
   * </ul>
   *
   * @throws org.tarflowlm.data.DataException if there is nothing of that name, or it cannot be read
   */
  public static DocumentSource open(InputFile file, DocumentSource.Limits limits) {
    if (Files.isDirectory(file.path())) {
      return new FolderDocuments(file.path(), limits);
    }
    String name = (file.member() == null ? file.path().getFileName().toString() : file.member()).toLowerCase(Locale.ROOT);
    if (name.matches(TAR)) {
      return new TarDocuments(file, limits);
    }
    if (name.matches(JSON_LINES)) {
      return new JsonLines(file, limits);
    }
    return new WholeFile(file);
  }

  /** Whether a file holds documents, rather than one running text. */
  public static boolean isCollection(Path path) {
    String name = path.getFileName().toString().toLowerCase(Locale.ROOT);
    return Files.isDirectory(path) || name.matches(TAR) || name.matches(JSON_LINES);
  }
}
