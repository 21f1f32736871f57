package org.tarflowlm.checkpoint;

import java.io.FileNotFoundException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.tarflowlm.data.file.IoErrors;

/** A checkpoint in any folder of a .zip or .jar. Nothing is unpacked to disk, so a hostile file name in the archive does no harm. */
record ArchiveSource(Path archive, String prefix) implements CheckpointSource {
  private static final byte[] MAGIC = {'P', 'K', 3, 4};

  /**
   * @param folder the checkpoint's folder inside the archive; empty if the archive holds only one checkpoint
   * @throws CheckpointException if the file is not an archive, or several checkpoints could be meant
   */
  static ArchiveSource of(Path archive, String folder) {
    try {
      requireZip(archive);
      return new ArchiveSource(archive, folder.isEmpty() ? onlyFolder(archive) : folder.replaceAll("/*$", "/"));
    } catch (ZipException e) {
      throw new CheckpointException(archive + " is not a complete zip archive: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new CheckpointException("cannot read " + archive + ": " + IoErrors.reason(e), e);
    }
  }

  private static void requireZip(Path file) throws IOException {
    byte[] head;
    try (InputStream in = Files.newInputStream(file)) {
      head = in.readNBytes(MAGIC.length);
    }
    if (!Arrays.equals(head, MAGIC)) {
      throw new CheckpointException(file + " is a file; expected a checkpoint folder, or a zip archive of one, with "
          + String.join(", ", Checkpoint.REQUIRED_FILES));
    }
  }

  private static String onlyFolder(Path archive) throws IOException {
    try (ZipFile zip = new ZipFile(archive.toFile())) {
      List<String> folders = zip.stream().map(ZipEntry::getName).filter(name -> ("/" + name).endsWith("/" + Checkpoint.INFO))
          .map(name -> name.substring(0, name.length() - Checkpoint.INFO.length())).toList();
      if (folders.size() > 1) {
        throw new CheckpointException(archive + " holds " + folders.size() + " checkpoints; expected " + archive
            + "!/FOLDER with FOLDER one of " + String.join(", ", folders.subList(0, Math.min(8, folders.size()))));
      }
      return folders.isEmpty() ? "" : folders.get(0);
    }
  }

  @Override
  public InputStream open(String file) throws IOException {
    ZipFile zip = new ZipFile(archive.toFile());
    ZipEntry entry = zip.getEntry(prefix + file);
    if (entry == null) {
      zip.close();
      throw new FileNotFoundException("no such file in the archive");
    }
    return new FilterInputStream(zip.getInputStream(entry)) {
      @Override
      public void close() throws IOException {
        super.close();
        zip.close();
      }
    };
  }

  @Override
  public boolean has(String file) {
    try (ZipFile zip = new ZipFile(archive.toFile())) {
      return zip.getEntry(prefix + file) != null;
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public String toString() {
    return prefix.isEmpty() ? archive.toString() : archive + "!/" + prefix.substring(0, prefix.length() - 1);
  }
}
