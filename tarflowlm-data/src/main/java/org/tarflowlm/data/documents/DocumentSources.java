package org.tarflowlm.data.documents;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.FileNames;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.file.IoErrors;

/** Opens corpora of documents. The file's name tells the kind; tar archives are also recognised by content. */
public final class DocumentSources {
  private static final int TAR_MAGIC_AT = 257;
  private static final byte[] TAR_MAGIC = "ustar".getBytes(StandardCharsets.US_ASCII);

  private DocumentSources() {}

  /**
   * The documents of
   *
   * <ul>
   *   <li>a folder: its .txt files, its .jsonl files, and the archives in it, links followed;
   *   <li>a .tar (also .gz, .bz2, .xz, .zst, .tgz, .tbz2, .txz): its .txt and .jsonl files, or archives of them;
   *   <li>a .zip of several files, likewise;
   *   <li>a .jsonl or .ndjson: a field of each object;
   *   <li>any other file: the whole of it as one document, however long.
   * </ul>
   *
   * Each file may be compressed as .gz, .bz2, .xz or .zst. Hidden files and what macOS puts beside files are left out.
   *
   * @param report counts what is not among the documents
   * @throws org.tarflowlm.data.DataException if there is nothing of that name, or it cannot be read
   */
  public static DocumentSource open(InputFile file, DocumentOptions options, DocumentReport report) {
    return switch (kind(file)) {
      case OTHER -> ofFiles(FolderFiles.all(file.path()).stream().map(StoredFile::of).iterator(), options, report);
      case ZIP -> new ZipDocuments(file.openZip(), file.toString(), options, report, 1);
      case TAR -> new TarDocuments(file.open(), file.toString(), options, report, 1);
      case JSON_LINES -> new JsonLines(file.open(), file.toString(), options, report);
      case TEXT -> new WholeFile(file);
    };
  }

  /**
   * A file of a folder, whatever storage holds it.
   *
   * @param name its path, for messages; the suffix tells the kind
   * @param length bytes
   * @param content opens it
   */
  public record StoredFile(String name, long length, Content content) {
    static StoredFile of(Path path) {
      return new StoredFile(path.toString(), IoErrors.reading(path, () -> Files.size(path)), () -> Files.newInputStream(path));
    }

    /** Opens a file. */
    @FunctionalInterface
    public interface Content {
      InputStream open() throws IOException;
    }
  }

  /**
   * The documents of these files, in this order, as if one folder held them.
   *
   * @param files each is taken when the previous one is done
   */
  public static DocumentSource ofFiles(Iterator<StoredFile> files, DocumentOptions options, DocumentReport report) {
    return new FileDocuments(files, options, report);
  }

  /**
   * The documents of several files or folders, one after another, each opened as by {@link #open(InputFile, DocumentOptions,
   * DocumentReport)}.
   */
  public static DocumentSource open(List<InputFile> files, DocumentOptions options, DocumentReport report) {
    return new Joined(files, options, report);
  }

  /**
   * Whether a folder's documents may come from a file in it: the file is not hidden, and its kind can be read.
   *
   * @param path relative to the folder, separated by slashes
   */
  public static boolean mayHoldDocuments(String path) {
    return !FileNames.isBeside(path) && MemberKind.ofMember(path.substring(path.lastIndexOf('/') + 1)) != MemberKind.OTHER;
  }

  /** Bytes on disk; for a folder, of all files in it that may hold documents. */
  public static long bytes(InputFile file) {
    return IoErrors.reading(file, () -> {
      long bytes = 0;
      for (Path each : FolderFiles.documents(file.path())) {
        bytes += Files.size(each);
      }
      return bytes;
    });
  }

  /** Whether a file holds documents, rather than one running text. */
  public static boolean isCollection(InputFile file) {
    return kind(file) != MemberKind.TEXT;
  }

  /** Kind of a file; OTHER for a folder. */
  private static MemberKind kind(InputFile file) {
    if (Files.isDirectory(file.path())) {
      if (file.member() != null) {
        throw new DataException(file + ": " + file.path() + " is a folder; expected " + file.path().resolve(file.member()));
      }
      return MemberKind.OTHER;
    }
    if (file.isZipOfSeveral()) {
      return MemberKind.ZIP;
    }
    MemberKind kind = MemberKind.of(file.contentName());
    return kind == MemberKind.TAR || kind == MemberKind.JSON_LINES ? kind : isTar(file) ? MemberKind.TAR : MemberKind.TEXT;
  }

  private static boolean isTar(InputFile file) {
    byte[] head = IoErrors.reading(file, () -> {
      try (InputStream in = file.open()) {
        return in.readNBytes(TAR_MAGIC_AT + TAR_MAGIC.length);
      }
    });
    return head.length == TAR_MAGIC_AT + TAR_MAGIC.length
        && Arrays.equals(head, TAR_MAGIC_AT, head.length, TAR_MAGIC, 0, TAR_MAGIC.length);
  }

  /** Documents of files. */
  private static final class FileDocuments extends MemberDocuments {
    private final Iterator<StoredFile> files;

    FileDocuments(Iterator<StoredFile> files, DocumentOptions options, DocumentReport report) {
      super(options, report, 0);
      this.files = files;
    }

    @Override
    Member nextMember() {
      if (!files.hasNext()) {
        return null;
      }
      StoredFile file = files.next();
      return new Member(file.name(), file.length(), file.content()::open);
    }
  }

  /** The documents of several files or folders, one after another. */
  private static final class Joined implements DocumentSource {
    private final Iterator<InputFile> files;
    private final DocumentOptions options;
    private final DocumentReport report;
    private DocumentSource current;

    Joined(List<InputFile> files, DocumentOptions options, DocumentReport report) {
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
}
