package org.tarflowlm.data.text;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.file.IoErrors;
import org.tarflowlm.data.file.Sha256;

/**
 * What a token cache was made from, to find out whether it still is the same.
 *
 * @param name file or folder, with the member of a zip archive
 * @param length bytes in all
 * @param modified latest time of change, in milliseconds since 1970
 * @param sha256 of the file; of a folder, of the list of its files with their hashes
 */
public record SourceStamp(String name, long length, long modified, String sha256) {

  /** Reads all of the source. */
  static SourceStamp of(InputFile source) {
    SourceStamp quick = quick(source);
    return new SourceStamp(quick.name, quick.length, quick.modified, hash(source.path()));
  }

  /** Length and time only. */
  private static SourceStamp quick(InputFile source) {
    long length = 0;
    long modified = 0;
    try {
      for (Path file : files(source.path())) {
        length += Files.size(file);
        modified = Math.max(modified, Files.getLastModifiedTime(file).toMillis());
      }
    } catch (IOException e) {
      throw IoErrors.unreadable(source, e);
    }
    String member = source.member() == null ? "" : "#" + source.member();
    return new SourceStamp(source.path().getFileName() + member, length, modified, "");
  }

  /** Whether {@code source} still is what this stamp was taken from; hashes it only if its time has changed. */
  boolean matches(InputFile source) {
    SourceStamp now = quick(source);
    return now.length == length && now.name.equals(name) && (now.modified == modified || hash(source.path()).equals(sha256));
  }

  private static List<Path> files(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      return List.of(path);
    }
    try (Stream<Path> walk = Files.walk(path)) {
      List<Path> files = new ArrayList<>(walk.filter(p -> Files.isRegularFile(p, LinkOption.NOFOLLOW_LINKS)).toList());
      files.sort(Comparator.comparing(p -> path.relativize(p).toString()));
      return files;
    }
  }

  private static String hash(Path path) {
    try {
      if (!Files.isDirectory(path)) {
        return Sha256.of(path);
      }
      MessageDigest digest = Sha256.digest();
      for (Path file : files(path)) {
        digest.update((path.relativize(file) + "\0" + Sha256.of(file) + "\n").getBytes(StandardCharsets.UTF_8));
      }
      return Sha256.hex(digest);
    } catch (IOException e) {
      throw IoErrors.unreadable(path, e);
    }
  }
}
