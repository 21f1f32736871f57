package org.tarflowlm.spark;

import java.io.IOException;
import java.net.URI;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/** Files of this machine under addresses {@code shared:///...}. As on HDFS, a rename replaces nothing. */
public final class SharedFileSystem extends RawLocalFileSystem {
  @Override
  public URI getUri() {
    return URI.create("shared:///");
  }

  @Override
  public String getScheme() {
    return "shared";
  }

  @Override
  public FileStatus getFileStatus(Path path) throws IOException {
    return plain(super.getFileStatus(path));
  }

  @Override
  public FileStatus[] listStatus(Path path) throws IOException {
    return Stream.of(super.listStatus(path)).map(SharedFileSystem::plain).toArray(FileStatus[]::new);
  }

  /** The local file system would ask the system for owner and permissions, by a name that begins with {@code file:}. */
  private static FileStatus plain(FileStatus status) {
    return new FileStatus(status.getLen(), status.isDirectory(), status.getReplication(), status.getBlockSize(),
        status.getModificationTime(), status.getPath());
  }

  @Override
  public boolean rename(Path from, Path to) throws IOException {
    return !exists(to) && super.rename(from, to);
  }
}
