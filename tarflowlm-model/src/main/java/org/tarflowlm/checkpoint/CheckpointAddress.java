package org.tarflowlm.checkpoint;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.CacheFolder;
import org.tarflowlm.data.file.Downloader;
import org.tarflowlm.data.file.IoErrors;
import org.tarflowlm.data.file.Progress;
import org.tarflowlm.data.file.RemoteFile;
import org.tarflowlm.data.file.Sha256;

/**
 * The address of a checkpoint: {@code place[!/folder][#sha256=hash]}. The place is a path or file: address of a folder or an archive, or
 * an http or https address of an archive, which needs a hash.
 *
 * <p>{@link Downloader} keeps a fetched archive in the cache folder as {@code checkpoints/hash.zip}; its hash is checked on every load.
 *
 * @param place path or address
 * @param folder inside an archive, or empty
 * @param sha256 of the archive, in lower case, or null
 */
public record CheckpointAddress(String place, String folder, String sha256) {
  private static final String HASH = "#sha256=";

  /** Whether a text is an http, https or file: address rather than a name or a path. */
  public static boolean isUri(String text) {
    return text.matches("(?i)(https?|file):.*");
  }

  /** @throws CheckpointException if the hash does not have 64 digits, or a server's address has none */
  public static CheckpointAddress parse(String text) {
    int hash = text.indexOf(HASH);
    String sha256 = hash < 0 ? null : text.substring(hash + HASH.length()).toLowerCase(Locale.ROOT);
    if (sha256 != null && !sha256.matches("[0-9a-f]{64}")) {
      throw new CheckpointException("'" + text + "' ends with the hash '" + sha256 + "' of " + sha256.length()
          + " characters; expected 64 hexadecimal digits");
    }
    String place = hash < 0 ? text : text.substring(0, hash);
    int inner = place.indexOf("!/");
    CheckpointAddress address = new CheckpointAddress(inner < 0 ? place : place.substring(0, inner),
        inner < 0 ? "" : place.substring(inner + 2), sha256);
    if (sha256 == null && address.isRemote()) {
      throw new CheckpointException("'" + text + "' has no hash; expected " + text + HASH + "HASH with the SHA-256 of the archive, so that"
          + " what is fetched can be trusted");
    }
    return address;
  }

  private boolean isRemote() {
    return place.matches("(?i)https?:.*");
  }

  /** Whether the place is on disk and exists. */
  public boolean exists() {
    Path path = path();
    return path != null && Files.exists(path);
  }

  /** The path on disk, or null if the place is on a server or is not a valid path. */
  private Path path() {
    try {
      return isRemote() || place.isBlank() ? null : isUri(place) ? Path.of(uri()) : Path.of(place);
    } catch (InvalidPathException e) {
      return null;
    } catch (IllegalArgumentException e) {
      throw new CheckpointException("address " + place + " is not a file: " + e.getMessage(), e);
    }
  }

  private URI uri() {
    try {
      return new URI(place);
    } catch (URISyntaxException e) {
      throw new CheckpointException("'" + place + "' is not an address: " + e.getReason(), e);
    }
  }

  /**
   * Loads the checkpoint, after fetching it if necessary.
   *
   * @throws CheckpointException if it cannot be fetched, its hash differs, or it is damaged
   */
  public Checkpoint load(CacheFolder cache, Progress progress) {
    Path file;
    try {
      file = isRemote() ? fetch(cache, progress) : path();
      if (sha256 != null) {
        if (Files.isDirectory(file)) {
          throw new CheckpointException(file + " is a folder, which has no SHA-256; expected an archive");
        }
        Downloader.check(new RemoteFile(file.toUri(), RemoteFile.UNKNOWN, sha256), file);
      }
    } catch (DataException e) {
      throw new CheckpointException(e.getMessage(), e);
    }
    return folder.isEmpty() ? Checkpoint.load(file) : new CheckpointLoader(ArchiveSource.of(file, folder)).load();
  }

  private Path fetch(CacheFolder cache, Progress progress) {
    Path target = cache.file("checkpoints", sha256 + ".zip");
    try {
      if (Files.exists(target) && !Sha256.of(target).equals(sha256) && !cache.offline()) {
        Files.delete(target); // damaged in the cache: fetch it again
      }
    } catch (IOException e) {
      throw new CheckpointException("cannot replace " + target + ": " + IoErrors.reason(e), e);
    }
    new Downloader(cache.offline()).fetch(new RemoteFile(uri(), RemoteFile.UNKNOWN, sha256), target, progress);
    return target;
  }
}
