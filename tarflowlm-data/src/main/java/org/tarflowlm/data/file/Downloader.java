package org.tarflowlm.data.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.tarflowlm.data.DataException;

/**
 * Fetches files so that the target is either absent, or complete and checked.
 *
 * <p>Bytes go to {@code target.part}, which a later call continues with a Range request, or from the start if the server ignores that. If
 * length and SHA-256 match, the part is forced to disk and renamed to {@code target}. Cut and stalled connections and a server's own
 * faults (5xx, 429) are retried from where they stopped. Two threads or processes that ask for the same target take turns through {@code
 * target.lock}; the second finds the file there.
 */
public final class Downloader {
  private static final Logger LOG = LogManager.getLogger(Downloader.class);

  /**
   * How long to wait and how often to retry.
   *
   * @param connectTimeout longest wait for a connection
   * @param stallTimeout longest wait without receiving a byte
   * @param attempts consecutive attempts without a new byte before giving up
   * @param pause before the second attempt; doubled for each further one
   * @param overall for a file, all attempts and pauses together
   * @param unannounced most bytes of a file whose length neither the caller nor the server states
   */
  public record Settings(Duration connectTimeout, Duration stallTimeout, int attempts, Duration pause, Duration overall, long unannounced) {
    public static final Settings DEFAULT = new Settings(Duration.ofSeconds(20), Duration.ofSeconds(30), 5, Duration.ofSeconds(1),
        Duration.ofHours(24), 4L << 30);

    /** With the default limits on a whole file. */
    public Settings(Duration connectTimeout, Duration stallTimeout, int attempts, Duration pause) {
      this(connectTimeout, stallTimeout, attempts, pause, DEFAULT.overall, DEFAULT.unannounced);
    }
  }

  /** A transfer that broke off and may succeed when tried again. */
  static final class BrokenOffException extends Exception {
    private static final long serialVersionUID = 1L;

    BrokenOffException(String message) {
      super(message);
    }

    BrokenOffException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The bytes are not those of the expected file: requesting the rest would not help. */
  static final class WrongContentException extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean afterContinuing;

    WrongContentException(String message, boolean afterContinuing) {
      super(message);
      this.afterContinuing = afterContinuing;
    }

    /** Whether the bytes came in several pieces, which may belong to different files. */
    boolean afterContinuing() {
      return afterContinuing;
    }
  }

  private final boolean offline;
  private final Settings settings;

  /** @param offline if true, {@link #fetch} returns only files that already exist */
  public Downloader(boolean offline) {
    this(offline, Settings.DEFAULT);
  }

  public Downloader(boolean offline, Settings settings) {
    this.offline = offline;
    this.settings = settings;
  }

  /**
   * Returns {@code target} once it holds the file. A target of the right length is accepted ({@link #check} also compares the hash); one
   * of another length is fetched again and replaced.
   *
   * @throws DataException if the file cannot be fetched: offline, no such address, wrong length or hash, disk full, no permission;
   *     the target is then unchanged
   */
  public Path fetch(RemoteFile remote, Path target, Progress progress) {
    if (isComplete(remote, target)) {
      return target;
    }
    if (offline) {
      throw new DataException(target
          + (Files.exists(target) ? " does not have the expected " + remote.length() + " bytes" : " is not there")
          + ", and the offline switch (" + CacheFolder.OFFLINE_PROPERTY + ") forbids fetching it from " + remote.uri());
    }
    try {
      Files.createDirectories(target.toAbsolutePath().getParent());
      return FileLocks.holding(beside(target, ".lock"), () -> fetchLocked(remote, target, progress));
    } catch (IOException e) {
      throw new DataException("cannot write " + target + ": " + IoErrors.reason(e) + "; choose a folder with the system property "
          + CacheFolder.ROOT_PROPERTY + " or TARFLOWLM_CACHE", e);
    }
  }

  /**
   * Compares a file with what it should be.
   *
   * @throws DataException if it is missing or its length or hash is wrong
   */
  public static void check(RemoteFile remote, Path file) {
    long length = IoErrors.reading(file, () -> Files.size(file));
    if (remote.length() != RemoteFile.UNKNOWN && length != remote.length()) {
      throw new DataException(file + " has " + length + " bytes; expected " + remote.length());
    }
    String hash = remote.sha256() == null ? null : IoErrors.reading(file, () -> Sha256.of(file));
    if (hash != null && !hash.equals(remote.sha256())) {
      throw new DataException("SHA-256 of " + file + " is " + hash + "; expected " + remote.sha256());
    }
  }

  /** Whether a file exists with the expected length, if that is known. */
  public static boolean isComplete(RemoteFile remote, Path target) {
    try {
      return Files.isRegularFile(target) && (remote.length() == RemoteFile.UNKNOWN || Files.size(target) == remote.length());
    } catch (IOException e) {
      return false;
    }
  }

  private static Path beside(Path target, String suffix) {
    return target.resolveSibling(target.getFileName() + suffix);
  }

  private Path fetchLocked(RemoteFile remote, Path target, Progress progress) throws IOException {
    if (isComplete(remote, target)) {
      return target;
    }
    if (Files.exists(target)) {
      LOG.warn("{} has {} bytes instead of {}: fetching it again", target, Files.size(target), remote.length());
    }
    Path part = beside(target, ".part");
    if (remote.sha256() == null) {
      Files.deleteIfExists(part);
    }
    for (boolean again = false;; again = true) {
      try {
        receive(remote, part, progress);
        AtomicFile.moveIntoPlace(part, target);
        return target;
      } catch (WrongContentException e) {
        if (again || !e.afterContinuing()) {
          throw new DataException(e.getMessage() + "; nothing was kept", e);
        }
        LOG.warn("{}: starting over, since the continued part does not match", e.getMessage());
      }
    }
  }

  /** Fills {@code part} and checks it; on wrong content the part is deleted. */
  private void receive(RemoteFile remote, Path part, Progress progress) throws WrongContentException, IOException {
    Transfer transfer = new Transfer(remote, part, progress, settings);
    int failures = 0;
    long most = transfer.have();
    while (true) {
      try {
        transfer.run();
        break;
      } catch (BrokenOffException e) {
        // A server that gives some bytes and then takes them back has made no progress.
        failures = transfer.have() > most ? 1 : failures + 1;
        most = Math.max(most, transfer.have());
        if (failures >= settings.attempts()) {
          throw new DataException("cannot fetch " + remote.uri() + ": " + e.getMessage() + " (" + failures + " attempts; "
              + transfer.have() + " bytes are kept in " + part + " to be continued)", e);
        }
        LOG.warn("{}: {}; trying again", remote.uri(), e.getMessage());
        pause(failures);
      } catch (WrongContentException e) {
        Files.deleteIfExists(part);
        throw e;
      }
    }
    String hash = remote.sha256() == null ? null : Sha256.of(part);
    if (hash != null && !hash.equals(remote.sha256())) {
      Files.delete(part);
      throw new WrongContentException("SHA-256 of " + remote.uri() + " is " + hash + "; expected " + remote.sha256(),
          transfer.continued());
    }
  }

  private void pause(int failures) throws IOException {
    try {
      Thread.sleep(settings.pause().toMillis() << Math.min(failures - 1, 5));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }
}
