package org.tarflowlm.spark;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.tarflowlm.json.ConfigException;

/**
 * Where a run is kept: a folder of the driver, or one on a Hadoop file system. There, each checkpoint is a folder {@code step-00000400}
 * with everything that a local run's folder has at that step.
 *
 * <p>Nothing is overwritten. A checkpoint's files are written to a folder of another name, the folder is renamed, and the file {@value
 * #DONE}, which lists them, is written last. A checkpoint counts only if that file exists and all lengths match. This holds both where a
 * rename is atomic (HDFS) and where it is a copy (object stores).
 */
final class RunStore {
  private static final Logger LOG = LogManager.getLogger(RunStore.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String DONE = "_SUCCESS";
  private static final String PREFIX = "step-";
  private static final int KEPT = 2;

  private final String name;
  private final java.nio.file.Path folder;
  /** Null if the run is kept in a folder of the driver. */
  private final Path remote;
  private final FileSystem files;
  private int saved = -1;

  private RunStore(String name, java.nio.file.Path folder, Path remote, FileSystem files) {
    this.name = name;
    this.folder = folder;
    this.remote = remote;
    this.files = files;
  }

  /** @param out a folder of the driver, or an address such as {@code hdfs://host/runs/first} */
  static RunStore of(String out, Configuration hadoop) throws IOException {
    if (!HadoopText.isOne(out)) {
      return new RunStore(out, out.startsWith("file:") ? java.nio.file.Path.of(URI.create(out)) : java.nio.file.Path.of(out), null, null);
    }
    Path remote = new Path(out);
    FileSystem files = remote.getFileSystem(hadoop);
    java.nio.file.Path work = Files.createTempDirectory("tarflowlm-run");
    Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(work), "tarflowlm-delete-run"));
    return new RunStore(out, work, remote, files);
  }

  /** The driver's folder, which the run is written to. */
  java.nio.file.Path folder() {
    return folder;
  }

  /** @throws ConfigException if the remote folder exists and is not empty */
  void requireNew() throws IOException {
    if (remote != null && files.exists(remote) && files.listStatus(remote).length > 0) {
      throw new ConfigException("output folder " + name + " exists; expected a new or empty folder, or --resume");
    }
  }

  /**
   * Copies the newest complete checkpoint to the driver's folder.
   *
   * @throws ConfigException if there is none
   */
  void restore() throws IOException {
    if (remote == null) {
      return;
    }
    for (FileStatus each : steps()) {
      Map<String, Long> content = content(each.getPath());
      if (content == null) {
        LOG.warn("{} is incomplete: a driver was killed while writing it", each.getPath());
        continue;
      }
      for (String file : content.keySet()) {
        java.nio.file.Path target = folder.resolve(file);
        Files.createDirectories(target.getParent());
        files.copyToLocalFile(false, new Path(each.getPath(), file), new Path(target.toUri()), true);
      }
      saved = step(each.getPath());
      return;
    }
    throw new ConfigException("nothing to resume in " + name + "; expected a folder " + PREFIX + "N with " + DONE + " of an earlier run");
  }

  /**
   * Saves the driver's folder as the checkpoint of a step; keeps the previous checkpoint and deletes older ones.
   *
   * @throws ConfigException if another driver has continued the run
   */
  void save(int step) throws IOException {
    if (remote == null || step == saved) {
      return;
    }
    requireOwn();
    Path target = new Path(remote, String.format(Locale.ROOT, PREFIX + "%08d", step));
    Path part = new Path(remote, "_" + target.getName() + "." + UUID.randomUUID() + ".part");
    Map<String, Long> content = new TreeMap<>();
    try (Stream<java.nio.file.Path> all = Files.walk(folder)) {
      for (java.nio.file.Path each : all.filter(Files::isRegularFile).filter(this::isKept).toList()) {
        String file = folder.relativize(each).toString().replace('\\', '/');
        files.copyFromLocalFile(false, true, new Path(each.toUri()), new Path(part, file));
        content.put(file, Files.size(each));
      }
    }
    files.delete(target, true); // incomplete, or requireOwn would have thrown
    if (!files.rename(part, target)) {
      throw new IOException(part + " could not be renamed to " + target);
    }
    try (OutputStream out = files.create(new Path(target, DONE), false)) {
      out.write(JSON.writeValueAsBytes(content));
    }
    saved = step;
    List<FileStatus> steps = steps();
    for (FileStatus old : steps.subList(Math.min(KEPT, steps.size()), steps.size())) {
      files.delete(old.getPath(), true);
    }
  }

  private void requireOwn() throws IOException {
    for (FileStatus each : steps()) {
      if (step(each.getPath()) > saved && content(each.getPath()) != null) {
        throw new ConfigException("the run in " + name + " is at step " + step(each.getPath()) + " by now; expected step "
            + Math.max(0, saved) + ": another process has continued it");
      }
    }
  }

  private boolean isKept(java.nio.file.Path file) {
    return Stream.of(folder.relativize(file).toString().split("[/\\\\]"))
        .noneMatch(part -> part.startsWith(".") || part.equals("run.lock"));
  }

  /** Folders of checkpoints, newest first. */
  private List<FileStatus> steps() throws IOException {
    try {
      return Stream.of(files.listStatus(remote)).filter(each -> each.getPath().getName().matches(PREFIX + "\\d{8,10}"))
          .sorted(Comparator.comparingInt((FileStatus each) -> step(each.getPath())).reversed()).toList();
    } catch (FileNotFoundException e) {
      return List.of();
    }
  }

  private static int step(Path checkpoint) {
    return Integer.parseInt(checkpoint.getName().substring(PREFIX.length()));
  }

  /** Files of a complete checkpoint and their lengths; null if it is incomplete. */
  private Map<String, Long> content(Path checkpoint) throws IOException {
    Map<String, Long> content;
    try (InputStream in = files.open(new Path(checkpoint, DONE))) {
      content = JSON.readValue(in, new TypeReference<TreeMap<String, Long>>() {});
      for (Map.Entry<String, Long> each : content.entrySet()) {
        if (files.getFileStatus(new Path(checkpoint, each.getKey())).getLen() != each.getValue()) {
          return null;
        }
      }
      return content;
    } catch (FileNotFoundException | com.fasterxml.jackson.core.JsonProcessingException e) {
      return null;
    }
  }

  static void delete(java.nio.file.Path folder) {
    try (Stream<java.nio.file.Path> all = Files.walk(folder)) {
      for (java.nio.file.Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(each);
      }
    } catch (IOException e) {
      LOG.debug("cannot delete {}", folder, e);
    }
  }
}
