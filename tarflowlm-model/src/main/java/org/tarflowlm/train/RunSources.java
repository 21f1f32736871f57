package org.tarflowlm.train;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
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
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.apache.logging.log4j.LogManager;
import org.tarflowlm.data.file.Sha256;
import org.tarflowlm.data.tokens.TokenSequence;

/**
 * Hashes of a run's texts and program, stored in its folder. Texts are hashed as ids, so that a different tokenizer with the same name is
 * detected too.
 *
 * @param trainTokens number of tokens in the training text
 * @param trainSha256 hash of its ids
 * @param validTokens number of tokens in the validation text
 * @param validSha256 hash of its ids
 * @param code hash of the compiled classes, see {@link CodeHash}
 */
@JsonIgnoreProperties(ignoreUnknown = true)
record RunSources(long trainTokens, String trainSha256, long validTokens, String validSha256, String code) {
  static RunSources of(TokenSequence train, TokenSequence valid) {
    return new RunSources(train.length(), train.contentHash(), valid.length(), valid.contentHash(), CodeHash.VALUE);
  }

  /** Describes each difference from an earlier run's sources, for a message. */
  List<String> differences(RunSources earlier) {
    List<String> found = new ArrayList<>();
    if (!trainSha256.equals(earlier.trainSha256)) {
      found.add("the training text has changed, or is tokenised differently (" + trainTokens + " tokens; "
          + earlier.trainTokens + " then)");
    }
    if (!validSha256.equals(earlier.validSha256)) {
      found.add("the validation text has changed, or is tokenised differently (" + validTokens + " tokens; " + earlier.validTokens
          + " then)");
    }
    if (!code.equals(earlier.code)) {
      found.add("the program has changed (code " + code + "; " + earlier.code + " then)");
    }
    return found;
  }

  /** A hash of this module's compiled classes, which tells whether two processes run the same program. */
  private static final class CodeHash {
    /** Used if the classes cannot be listed, as in a jar within a jar. */
    private static final String UNKNOWN = "unknown";
    static final String VALUE = compute();

    private CodeHash() {}

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
        classes = walk.filter(each -> each.toString().endsWith(".class")).sorted(Comparator.comparing(Path::toString)).toList();
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
}
