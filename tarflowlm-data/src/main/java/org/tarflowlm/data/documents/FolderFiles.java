package org.tarflowlm.data.documents;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.Stream;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.FileNames;
import org.tarflowlm.data.file.IoErrors;

/**
 * The files of a folder and the folders in it, each folder's in order of names, so that they come the same way everywhere. Links
 * are followed, but not back to a folder that holds them; what is hidden is left out.
 */
public final class FolderFiles implements Iterator<Path> {
  /** Paths still to visit, one list per nested folder; the next path is last. */
  private final Deque<List<Path>> levels = new ArrayDeque<>();
  /** The folders that hold what is visited, without links. */
  private final List<Path> inside = new ArrayList<>();
  private Path next;

  FolderFiles(Path folder) {
    enter(folder);
    next = find();
  }

  private void enter(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      Path real = folder.toRealPath();
      List<Path> sorted = new ArrayList<>(inside.contains(real) ? List.of() : files.toList());
      sorted.sort(Comparator.comparing((Path path) -> path.getFileName().toString()).reversed());
      inside.add(real);
      levels.push(sorted);
    } catch (IOException e) {
      throw IoErrors.unreadable(folder, e);
    }
  }

  private Path find() {
    while (!levels.isEmpty()) {
      List<Path> level = levels.peek();
      if (level.isEmpty()) {
        levels.pop();
        inside.remove(inside.size() - 1);
        continue;
      }
      Path path = level.remove(level.size() - 1);
      if (FileNames.isBeside(path.getFileName().toString())) {
        continue;
      }
      if (Files.isDirectory(path)) {
        enter(path);
      } else if (Files.isRegularFile(path)) {
        return path;
      } else if (MemberKind.ofMember(path.getFileName().toString()) != MemberKind.OTHER) {
        throw new DataException(path + (Files.isSymbolicLink(path) ? " is a link to nothing" : " is not a file"));
      }
    }
    return null;
  }

  @Override
  public boolean hasNext() {
    return next != null;
  }

  @Override
  public Path next() {
    if (next == null) {
      throw new NoSuchElementException("no file after the last");
    }
    Path found = next;
    next = find();
    return found;
  }

  /** All files of a folder that may hold documents. */
  public static List<Path> documents(Path folder) {
    List<Path> files = new ArrayList<>();
    new FolderFiles(folder).forEachRemaining(path -> {
      if (MemberKind.ofMember(path.getFileName().toString()) != MemberKind.OTHER) {
        files.add(path);
      }
    });
    return Collections.unmodifiableList(files);
  }
}
