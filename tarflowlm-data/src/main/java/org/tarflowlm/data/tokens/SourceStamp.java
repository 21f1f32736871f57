package org.tarflowlm.data.tokens;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.util.concurrent.TimeUnit;
import org.tarflowlm.data.documents.FolderFiles;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.file.IoErrors;
import org.tarflowlm.data.file.Sha256;

/**
 * Fingerprint of a token cache's source, to detect changes.
 *
 * @param name file or folder, with the member of a zip archive
 * @param length bytes in all
 * @param modified latest modification time, in milliseconds since 1970
 * @param sha256 of the file; for a folder, of the list of its documents with their hashes; see also {@link TokenShardBuilder}
 * @param state hash of the file system's attributes of each file: file key, length and change times to the nanosecond; null in older
 *     caches
 */
record SourceStamp(String name, long length, long modified, String sha256, String state) {

  /** Reads all of the source. */
  static SourceStamp of(InputFile source) {
    SourceStamp quick = quick(source);
    return new SourceStamp(quick.name, quick.length, quick.modified, hash(source.path()), quick.state);
  }

  /** A stamp from the file system's attributes alone, without reading files. */
  static SourceStamp quick(InputFile source) {
    return IoErrors.reading(source, () -> {
      long length = 0;
      long modified = 0;
      MessageDigest state = Sha256.digest();
      Path root = source.path().toRealPath();
      for (Path file : FolderFiles.documents(root)) {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        length += attributes.size();
        modified = Math.max(modified, attributes.lastModifiedTime().toMillis());
        String line = root.relativize(file) + "\0" + attributes.size() + " " + attributes.lastModifiedTime().to(TimeUnit.NANOSECONDS) + " "
            + attributes.fileKey() + " " + changed(file) + "\n";
        state.update(line.getBytes(StandardCharsets.UTF_8));
      }
      String member = source.member() == null ? "" : "#" + source.member();
      return new SourceStamp(root.getFileName() + member, length, modified, "", Sha256.hex(state));
    });
  }

  /** The time at which content or attributes changed, which no program can set back; empty if the system keeps none. */
  private static Object changed(Path file) throws IOException {
    try {
      return Files.getAttribute(file, "unix:ctime");
    } catch (UnsupportedOperationException | IllegalArgumentException e) {
      return "";
    }
  }

  /** Whether {@code source} is still what this stamp was taken from; hashes the files unless their attributes are unchanged. */
  boolean matches(InputFile source) {
    SourceStamp now = quick(source);
    return now.length == length && member(now.name).equals(member(name))
        && (now.state.equals(state) || hash(source.path()).equals(sha256));
  }

  private static String member(String name) {
    return name.substring(name.indexOf('#') + 1 == 0 ? name.length() : name.indexOf('#'));
  }

  private static String hash(Path path) {
    return IoErrors.reading(path, () -> {
      if (!Files.isDirectory(path)) {
        return Sha256.of(path);
      }
      MessageDigest digest = Sha256.digest();
      for (Path file : FolderFiles.documents(path)) {
        digest.update((path.relativize(file) + "\0" + Sha256.of(file) + "\n").getBytes(StandardCharsets.UTF_8));
      }
      return Sha256.hex(digest);
    });
  }
}
