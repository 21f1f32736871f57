package org.tarflowlm.train;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.security.MessageDigest;
import java.util.List;
import java.util.stream.Stream;
import org.apache.logging.log4j.LogManager;
import org.tarflowlm.data.file.Sha256;

/** Tells whether two processes compute with the same program: a hash of this module's compiled classes. */
final class CodeHash {
  /** Where the classes cannot be looked through, as in a jar within a jar. */
  static final String UNKNOWN = "unknown";

  private CodeHash() {}

  private static final class Once {
    static final String VALUE = compute();
  }

  static String current() {
    return Once.VALUE;
  }

  private static String compute() {
    try {
      CodeSource source = CodeHash.class.getProtectionDomain().getCodeSource();
      URI location = source == null || source.getLocation() == null ? null : source.getLocation().toURI();
      if (location == null || !"file".equals(location.getScheme())) {
        return UNKNOWN;
      }
      Path path = new File(location).toPath();
      if (Files.isDirectory(path)) {
        return hash(path);
      }
      try (FileSystem jar = FileSystems.newFileSystem(path, (ClassLoader) null)) {
        return hash(jar.getPath("/"));
      }
    } catch (IOException | URISyntaxException | RuntimeException e) {
      LogManager.getLogger(CodeHash.class).debug("cannot read the program's classes", e);
      return UNKNOWN;
    }
  }

  private static String hash(Path root) throws IOException {
    Path ours = root.resolve("org").resolve("tarflowlm");
    List<Path> classes;
    try (Stream<Path> walk = Files.walk(ours)) {
      classes = walk.filter(each -> each.toString().endsWith(".class")).sorted((a, b) -> a.toString().compareTo(b.toString())).toList();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    MessageDigest digest = Sha256.digest();
    for (Path each : classes) {
      digest.update(ours.relativize(each).toString().replace('\\', '/').getBytes(StandardCharsets.UTF_8));
      digest.update(Files.readAllBytes(each));
    }
    return Sha256.hex(digest).substring(0, 16);
  }
}
