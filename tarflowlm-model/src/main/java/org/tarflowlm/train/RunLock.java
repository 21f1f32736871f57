package org.tarflowlm.train;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.tarflowlm.config.ConfigException;

/** Held by whoever writes a run. The system frees it when a process dies. */
final class RunLock implements AutoCloseable {
  private static final String FILE = "run.lock";

  private final FileChannel channel;

  private RunLock(FileChannel channel) {
    this.channel = channel;
  }

  /** @throws ConfigException if another process, or another trainer of this one, writes the run */
  static RunLock acquire(Path folder) throws IOException {
    FileChannel channel = FileChannel.open(folder.resolve(FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      FileLock lock = channel.tryLock();
      if (lock == null) {
        throw inUse(folder);
      }
      return new RunLock(channel);
    } catch (OverlappingFileLockException e) {
      channel.close();
      throw inUse(folder);
    } catch (ConfigException | IOException e) {
      channel.close();
      throw e;
    }
  }

  private static ConfigException inUse(Path folder) {
    return new ConfigException("another process is writing the run in " + folder + "; expected a folder of its own for each run");
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
