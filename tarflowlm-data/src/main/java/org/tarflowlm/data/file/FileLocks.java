package org.tarflowlm.data.file;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;

/**
 * Locks shared by the threads of this process and by other processes: one holder at a time. The system frees a dead process's lock. The
 * lock file itself stays, empty, since deleting it would let two holders in.
 */
public final class FileLocks {
  private static final Logger LOG = LogManager.getLogger(FileLocks.class);
  private static final long POLL_MILLIS = 100;
  /** If one process locks a file twice, Java throws an exception instead of waiting. */
  private static final ConcurrentHashMap<Path, ReentrantLock> WITHIN_PROCESS = new ConcurrentHashMap<>();

  private FileLocks() {}

  /** Waits for the lock, then runs the action. */
  public static <T> T holding(Path lockFile, IoErrors.Action<T> action) throws IOException {
    ReentrantLock lock = WITHIN_PROCESS.computeIfAbsent(lockFile.toAbsolutePath().normalize(), p -> new ReentrantLock());
    lock.lock();
    try (FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock held = lockOf(channel, lockFile)) {
      return action.run();
    } finally {
      lock.unlock();
    }
  }

  /** Runs the action if nobody else holds the lock; empty if somebody does. */
  public static <T> Optional<T> tryHolding(Path lockFile, IoErrors.Action<T> action) throws IOException {
    ReentrantLock lock = WITHIN_PROCESS.computeIfAbsent(lockFile.toAbsolutePath().normalize(), p -> new ReentrantLock());
    if (lock.isHeldByCurrentThread() || !lock.tryLock()) {
      return Optional.empty();
    }
    try (FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock held = channel.tryLock()) {
      return held == null ? Optional.empty() : Optional.of(action.run());
    } finally {
      lock.unlock();
    }
  }

  private static FileLock lockOf(FileChannel channel, Path lockFile) throws IOException {
    FileLock lock = channel.tryLock();
    if (lock == null) {
      LOG.info("waiting for another process that holds {}", lockFile);
    }
    while (lock == null) {
      try {
        Thread.sleep(POLL_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while another process holds " + lockFile, e);
      }
      lock = channel.tryLock();
    }
    return lock;
  }
}
