package org.tarflowlm.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.AtomicFile;
import org.tarflowlm.data.file.CacheFolder;
import org.tarflowlm.data.file.Sha256;

/**
 * Texts and token shards on a Hadoop file system. Token caches are memory-mapped, so each machine copies what it reads into its cache
 * folder, once for all its processes.
 */
final class HadoopText {
  private static final Logger LOG = LogManager.getLogger(HadoopText.class);

  private HadoopText() {}

  /** Whether a name is an address such as {@code hdfs://host/text}, rather than a local file or a web address. */
  static boolean isOne(String name) {
    int end = name.indexOf("://");
    return end > 1 && !List.of("file", "http", "https").contains(name.substring(0, end).toLowerCase(Locale.ROOT));
  }

  /** The absolute path of a local file or folder, since executors have other working folders; other names are returned unchanged. */
  static String everywhere(String name) {
    try {
      int hash = name.indexOf('#');
      String file = hash < 0 || Files.exists(java.nio.file.Path.of(name)) ? name : name.substring(0, hash);
      java.nio.file.Path path = java.nio.file.Path.of(file);
      return Files.exists(path) ? path.toAbsolutePath().normalize() + name.substring(file.length()) : name;
    } catch (InvalidPathException e) {
      return name;
    }
  }

  /**
   * Returns this machine's copy of a file or folder, and makes it if it is missing.
   *
   * @throws DataException if there is no such file
   */
  static java.nio.file.Path copy(String name, Configuration hadoop) {
    try {
      Path root = new Path(name);
      FileSystem files = root.getFileSystem(hadoop);
      if (!files.exists(root)) {
        throw new DataException("no such file: " + name);
      }
      boolean folder = files.getFileStatus(root).isDirectory();
      TreeMap<String, LocatedFileStatus> all = list(files, root, folder);
      List<String> facts = new ArrayList<>(List.of(files.makeQualified(root).toString()));
      all.forEach((relative, each) -> facts.add(relative + " " + each.getLen() + " " + each.getModificationTime()));
      java.nio.file.Path kept = CacheFolder.fromEnvironment()
          .file("spark", Sha256.of(String.join("\n", facts).getBytes(StandardCharsets.UTF_8)));
      copy(files, all, kept);
      return kept.resolve(root.getName());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Files by their path relative to the folder that holds the text. */
  private static TreeMap<String, LocatedFileStatus> list(FileSystem files, Path root, boolean folder) throws IOException {
    String base = files.resolvePath(root).getParent().toUri().getPath();
    TreeMap<String, LocatedFileStatus> all = new TreeMap<>();
    RemoteIterator<LocatedFileStatus> found = files.listFiles(root, folder);
    while (found.hasNext()) {
      LocatedFileStatus each = found.next();
      all.put(each.getPath().toUri().getPath().substring(base.length()).replaceFirst("^/", ""), each);
    }
    return all;
  }

  /** If a machine has several executors, one copies and the others wait for it. */
  private static synchronized void copy(FileSystem files, TreeMap<String, LocatedFileStatus> all, java.nio.file.Path kept)
      throws IOException {
    Files.createDirectories(kept.getParent());
    try (FileChannel lock = FileChannel.open(kept.resolveSibling(kept.getFileName() + ".lock"), StandardOpenOption.CREATE,
        StandardOpenOption.WRITE); var held = lock.lock()) {
      if (Files.exists(kept)) {
        return;
      }
      LOG.info("{}: copying {} to {}", Numerics.here(), all.firstEntry().getValue().getPath(), kept);
      AtomicFile.writeNewFolder(kept, part -> {
        for (var each : all.entrySet()) {
          java.nio.file.Path target = part.resolve(each.getKey());
          Files.createDirectories(target.getParent());
          files.copyToLocalFile(false, each.getValue().getPath(), new Path(target.toUri()), true);
        }
      });
    } catch (FileAlreadyExistsException e) {
      LOG.debug("another process has already copied {}", kept);
    }
  }
}
