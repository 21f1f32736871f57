package org.tarflowlm.data.documents;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.FileNames;
import org.tarflowlm.data.file.IoErrors;

/**
 * The files of a folder and of the folders in it. Each folder's files are sorted by name, so that the order is the same everywhere. Links
 * are followed, except back to a folder that holds them. Hidden files are left out.
 */
public final class FolderFiles {
  private FolderFiles() {}

  /** All files of a folder. */
  static List<Path> all(Path folder) {
    List<Path> files = new ArrayList<>();
    add(folder, new HashSet<>(), files);
    return files;
  }

  /** The files of a folder that may hold documents; for a file, the file itself. */
  public static List<Path> documents(Path path) {
    return Files.isDirectory(path) ? all(path).stream().filter(each -> kind(each) != MemberKind.OTHER).toList() : List.of(path);
  }

  /** @param inside the folders that hold this one, without links */
  private static void add(Path folder, Set<Path> inside, List<Path> files) {
    Path real = IoErrors.reading(folder, () -> folder.toRealPath());
    if (!inside.add(real)) {
      return;
    }
    for (Path path : sorted(folder)) {
      if (FileNames.isBeside(path.getFileName().toString())) {
        continue;
      }
      if (Files.isDirectory(path)) {
        add(path, inside, files);
      } else if (Files.isRegularFile(path)) {
        files.add(path);
      } else if (kind(path) != MemberKind.OTHER) {
        throw new DataException(path + (Files.isSymbolicLink(path) ? " is a link to nothing" : " is not a file"));
      }
    }
    inside.remove(real);
  }

  private static List<Path> sorted(Path folder) {
    return IoErrors.reading(folder, () -> {
      try (Stream<Path> files = Files.list(folder)) {
        return files.sorted(Comparator.comparing(path -> path.getFileName().toString())).toList();
      }
    });
  }

  private static MemberKind kind(Path file) {
    return MemberKind.ofMember(file.getFileName().toString());
  }
}
