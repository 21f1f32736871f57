package org.tarflowlm.checkpoint;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.tarflowlm.checkpoint.safetensors.SafetensorsReader;
import org.tarflowlm.data.file.Sha256;

/** Where the files of a checkpoint are read from. */
public interface CheckpointSource {
  /** @throws IOException if there is no such file or it cannot be read */
  InputStream open(String file) throws IOException;

  /**
   * Opens a safetensors file; the default reads it into memory first.
   *
   * @param most limit in bytes; needed because the size of a compressed file does not bound the size of its contents
   * @throws CheckpointException if the file has more bytes
   */
  default SafetensorsReader openTensors(String file, long most) throws IOException {
    int limit = (int) Math.min(most, Integer.MAX_VALUE - 9);
    try (InputStream in = open(file)) {
      byte[] bytes = in.readNBytes(limit + 1);
      if (bytes.length > limit) {
        throw new CheckpointException("there are more than " + limit + " bytes; expected fewer for the configuration");
      }
      return SafetensorsReader.open(bytes);
    }
  }

  boolean has(String file);

  /** SHA-256 of a file's contents. */
  default String sha256(String file) throws IOException {
    try (InputStream in = open(file)) {
      return Sha256.of(in);
    }
  }

  /** Whether {@link #open} refuses files that differ from those of a checkpoint that has been loaded, and so checked, before. */
  default boolean isVerified() {
    return false;
  }

  /** The source's name in messages. */
  @Override
  String toString();

  /** A folder of the file system. */
  static CheckpointSource folder(Path folder) {
    return new CheckpointSource() {
      @Override
      public InputStream open(String file) throws IOException {
        return Files.newInputStream(folder.resolve(file));
      }

      @Override
      public SafetensorsReader openTensors(String file, long most) throws IOException {
        return SafetensorsReader.open(folder.resolve(file));
      }

      @Override
      public boolean has(String file) {
        return Files.isRegularFile(folder.resolve(file));
      }

      @Override
      public String toString() {
        return folder.toString();
      }
    };
  }

  /** A folder of the class path, as in a jar. */
  static CheckpointSource resource(ClassLoader loader, String folder) {
    return new CheckpointSource() {
      @Override
      public InputStream open(String file) throws IOException {
        InputStream in = loader.getResourceAsStream(folder + "/" + file);
        if (in == null) {
          throw new FileNotFoundException("no such resource");
        }
        return in;
      }

      @Override
      public boolean has(String file) {
        return loader.getResource(folder + "/" + file) != null;
      }

      @Override
      public String toString() {
        return "classpath:" + folder;
      }
    };
  }
}
