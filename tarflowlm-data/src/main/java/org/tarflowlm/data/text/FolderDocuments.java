package org.tarflowlm.data.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.file.IoErrors;

/**
 * Documents of a folder and the folders in it: .txt files, and tar archives of them as OpenWebText is unpacked to. Names are
 * taken in order, so that the documents come the same way everywhere. Symbolic links are not followed.
 */
final class FolderDocuments implements DocumentSource {
  private final Limits limits;
  /** What is still to be visited, next one last. */
  private final Deque<Path> waiting = new ArrayDeque<>();
  private DocumentSource archive;

  FolderDocuments(Path folder, Limits limits) {
    this.limits = limits;
    push(folder);
  }

  private void push(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> sorted = files.sorted((a, b) -> a.getFileName().toString().compareTo(b.getFileName().toString()))
          .collect(Collectors.toList());
      Collections.reverse(sorted);
      sorted.forEach(waiting::push);
    } catch (IOException e) {
      throw IoErrors.unreadable(folder, e);
    }
  }

  @Override
  public Part next() throws IOException {
    DocumentBatch batch = new DocumentBatch();
    while (archive != null || !waiting.isEmpty()) {
      if (archive != null) {
        Part part = archive.next();
        if (part != null) {
          return part;
        }
        archive.close();
        archive = null;
        continue;
      }
      Path path = waiting.pop();
      String name = path.getFileName().toString();
      if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
        push(path);
      } else if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
        continue;
      } else if (TarTexts.isText(name)) {
        if (batch.add(read(path))) {
          return batch;
        }
      } else if (TarTexts.isArchive(name) && !batch.isEmpty()) {
        waiting.push(path);
        return batch;
      } else if (TarTexts.isArchive(name)) {
        archive = new TarDocuments(InputFile.of(path), limits);
      }
    }
    return batch.isEmpty() ? null : batch;
  }

  private Document read(Path path) {
    try {
      if (Files.size(path) > limits.documentBytes()) {
        throw new DataException(path + " has " + Files.size(path) + " bytes; the limit for a document is " + limits.documentBytes());
      }
      return new Document(path.toString(), Files.readAllBytes(path));
    } catch (IOException e) {
      throw IoErrors.unreadable(path, e);
    }
  }

  @Override
  public void close() throws IOException {
    if (archive != null) {
      archive.close();
    }
  }
}
