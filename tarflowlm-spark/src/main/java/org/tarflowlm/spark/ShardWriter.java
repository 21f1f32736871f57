package org.tarflowlm.spark;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.util.SerializableConfiguration;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.documents.BadDocuments;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.data.tokens.TokenCache;
import org.tarflowlm.data.tokens.TokenCacheBuilder;
import org.tarflowlm.data.tokens.TokenShards;
import scala.Tuple2;

/**
 * Makes shards in a task: in a temporary folder of the machine, then under a temporary name on the file system, then renamed. A small file
 * beside the shard, written after it, says that it is whole and what it was made from.
 */
record ShardWriter(String tokenizer, DocumentOptions options, String output, SerializableConfiguration hadoop) implements Serializable {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Content of the file beside a shard. */
  record Done(String made, TokenShards.Shard shard) {}

  /** Some work on local files. */
  @FunctionalInterface
  private interface Work {
    /** @return the documents */
    java.nio.file.Path in(java.nio.file.Path folder) throws IOException;
  }

  /** Whether a shard is there. @throws DataException if it was made from something else */
  boolean has(int number, String made) {
    Done done = done(number);
    if (done != null && !done.made().equals(made)) {
      throw new DataException(new Path(output, name(number)) + " was made from other documents, by another tokenizer or with other "
          + "options; expected a new folder");
    }
    return done != null;
  }

  TokenShards.Shard shard(int number) {
    return done(number).shard();
  }

  private Done done(int number) {
    Path file = new Path(output, name(number) + ".json");
    try {
      FileSystem files = file.getFileSystem(hadoop.value());
      if (!files.exists(file)) {
        return null;
      }
      try (var in = files.open(file)) {
        return JSON.readValue((java.io.InputStream) in, Done.class);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void ofFiles(int number, List<SparkTokenizer.Source> sources, String made) throws IOException {
    make(number, made, folder -> {
      List<java.nio.file.Path> copies = new ArrayList<>();
      for (SparkTokenizer.Source source : sources) {
        Path path = new Path(source.path());
        copies.add(folder.resolve(String.format(Locale.ROOT, "%07d-%s", copies.size(), path.getName())));
        path.getFileSystem(hadoop.value()).copyToLocalFile(false, path, new Path(copies.get(copies.size() - 1).toUri()), true);
      }
      return sources.size() == 1 ? copies.get(0) : folder;
    });
  }

  void ofRows(int number, Iterable<Tuple2<Long, String>> rows, String made) throws IOException {
    List<Tuple2<Long, String>> sorted = new ArrayList<>();
    rows.forEach(sorted::add);
    sorted.sort(Comparator.comparing(Tuple2::_1));
    make(number, made, folder -> {
      java.nio.file.Path file = folder.resolve("documents.jsonl");
      try (BufferedWriter out = Files.newBufferedWriter(file)) {
        for (Tuple2<Long, String> row : sorted) {
          if (row._2() != null) {
            out.write(JSON.writeValueAsString(Map.of("text", row._2())));
            out.newLine();
          } else if (options.bad() == BadDocuments.FAIL) {
            throw new DataException("document " + row._1() + " is null; expected a text");
          }
        }
      }
      return file;
    });
  }

  private void make(int number, String made, Work work) throws IOException {
    java.nio.file.Path folder = Files.createTempDirectory("tarflowlm-shard");
    try {
      java.nio.file.Path documents = work.in(Files.createDirectory(folder.resolve("documents")));
      java.nio.file.Path local = folder.resolve("shard.tokens");
      // Rows are made into the default field.
      DocumentOptions reading = documents.endsWith("documents.jsonl") ? options.withTextField("text") : options;
      new TokenCacheBuilder(InputFile.of(documents), Tokenizers.byName(tokenizer)).options(reading).threads(1).build(local);
      TokenShards.Shard shard;
      try (TokenCache cache = TokenCache.open(local)) {
        shard = new TokenShards.Shard(name(number), cache.length(), cache.documents());
      }
      Path target = new Path(output, name(number));
      FileSystem files = target.getFileSystem(hadoop.value());
      Path temporary = temporary(target);
      files.copyFromLocalFile(false, true, new Path(local.toUri()), temporary);
      moveIntoPlace(files, temporary, target);
      writeAtomically(files, new Path(output, name(number) + ".json"), JSON.writeValueAsBytes(new Done(made, shard)));
    } finally {
      delete(folder);
    }
  }

  static void writeAtomically(FileSystem files, Path target, byte[] content) throws IOException {
    Path temporary = temporary(target);
    try (OutputStream out = files.create(temporary, true)) {
      out.write(content);
    }
    moveIntoPlace(files, temporary, target);
  }

  /** Moves a shard into place. Of two attempts, whose bytes are the same, the first wins. */
  private static void moveIntoPlace(FileSystem files, Path temporary, Path target) throws IOException {
    if (files.exists(target) || !files.rename(temporary, target)) {
      files.delete(temporary, false);
      if (!files.exists(target)) {
        throw new IOException(temporary + " could not be renamed to " + target);
      }
    }
  }

  private static Path temporary(Path target) {
    return new Path(target.getParent(), "_" + target.getName() + "." + UUID.randomUUID() + ".part");
  }

  private static void delete(java.nio.file.Path folder) throws IOException {
    try (Stream<java.nio.file.Path> all = Files.walk(folder)) {
      for (java.nio.file.Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(each);
      }
    }
  }

  private static String name(int number) {
    return String.format(Locale.ROOT, "shard-%05d.tokens", number);
  }
}
