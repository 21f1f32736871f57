package org.tarflowlm.spark;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.util.SerializableConfiguration;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.documents.Document;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.documents.DocumentReport;
import org.tarflowlm.data.documents.DocumentSource;
import org.tarflowlm.data.documents.DocumentSources;
import org.tarflowlm.data.file.AtomicFile;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.data.tokens.TokenCacheHeader;
import org.tarflowlm.data.tokens.TokenShardBuilder;
import org.tarflowlm.data.tokens.TokenShards;
import scala.Tuple2;

/**
 * Makes shards in a task: streams documents from their file system, keeps the ids in a local scratch file, writes the shard once under a
 * temporary name in the same folder, and renames it. A shard that exists is therefore complete, and its header records its source.
 */
record ShardWriter(String tokenizer, DocumentOptions options, String output, SerializableConfiguration hadoop) implements Serializable {
  /** A shard, and the bad documents that were left out of it. */
  record Made(int number, TokenShards.Shard shard, long bad, String firstBad) implements Serializable {}

  /** Opens the documents of a shard, given a local folder for files that cannot be streamed. */
  @FunctionalInterface
  private interface Documents {
    DocumentSource open(java.nio.file.Path folder, DocumentReport report) throws IOException;
  }

  /**
   * The existing shard of that number, or null.
   *
   * @throws DataException if it is damaged, or was made from something else
   */
  Made existing(int number, String made) throws IOException {
    Path file = new Path(output, name(number));
    FileSystem files = file.getFileSystem(hadoop.value());
    if (!files.exists(file)) {
      return null;
    }
    byte[] head;
    try (FSDataInputStream in = files.open(file)) {
      head = in.readNBytes(TokenCacheHeader.BYTES);
    }
    TokenCacheHeader header = TokenCacheHeader.parse(head, file);
    long length = files.getFileStatus(file).getLen();
    if (length != header.fileLength()) {
      throw new DataException(file + " is damaged: it has " + length + " bytes; its header announces " + header.fileLength()
          + "; delete it to rebuild it");
    }
    if (!header.sourceHash().equals(made)) {
      throw new DataException(file + " was made from other documents, by another tokenizer or with other options; expected a new folder");
    }
    return new Made(number, new TokenShards.Shard(file.getName(), header.tokens(), header.documents()), 0, null);
  }

  /** A shard of a folder's files. */
  Made ofFiles(int number, List<SparkTokenizer.Source> sources, String made) throws IOException {
    Iterator<DocumentSources.StoredFile> files = sources.stream()
        .map(each -> new DocumentSources.StoredFile(each.path(), each.length(), () -> open(each))).iterator();
    String name = new Path(sources.get(0).path()).getName();
    return make(number, name, sources.stream().mapToLong(SparkTokenizer.Source::length).sum(), made,
        (folder, report) -> DocumentSources.ofFiles(files, options, report));
  }

  private InputStream open(SparkTokenizer.Source source) throws IOException {
    Path path = new Path(source.path());
    FileSystem files = path.getFileSystem(hadoop.value());
    FileStatus now = files.getFileStatus(path);
    if (now.getLen() != source.length() || now.getModificationTime() != source.modified()) {
      throw new DataException(path + " changed while the job ran; run the command again with a new folder");
    }
    return files.open(path);
  }

  /** The only shard of a file that is the whole corpus. As in the local commands, the file's content tells its kind. */
  Made ofFile(SparkTokenizer.Source source, String made) throws IOException {
    Path path = new Path(source.path());
    FileSystem files = path.getFileSystem(hadoop.value());
    if (isLocal(path)) {
      java.nio.file.Path local = java.nio.file.Path.of(path.toUri().getPath());
      return make(0, path.getName(), source.length(), made, (folder, report) -> DocumentSources.open(InputFile.of(local), options, report));
    }
    String[] copy = {path.getName()};
    try {
      return make(0, path.getName(), source.length(), made, (folder, report) -> {
        java.nio.file.Path local = folder.resolve(path.getName());
        copy[0] = local.toString();
        files.copyToLocalFile(false, path, new Path(local.toUri()), true);
        return DocumentSources.open(InputFile.of(local), options, report);
      });
    } catch (DataException e) {
      throw new DataException(e.getMessage().replace(copy[0], path.toString()), e);
    }
  }

  static boolean isLocal(Path path) {
    return "file".equals(path.toUri().getScheme());
  }

  /** A shard of numbered texts. */
  Made ofRows(int number, Iterator<Tuple2<Long, String>> rows, String made) throws IOException {
    return make(number, "rows", 0, made, (folder, report) -> new Rows(rows, options, report));
  }

  private Made make(int number, String name, long bytes, String made, Documents documents) throws IOException {
    java.nio.file.Path folder = Files.createTempDirectory("tarflowlm-shard");
    try {
      DocumentReport report = new DocumentReport();
      TokenShardBuilder shard = new TokenShardBuilder(Tokenizers.byName(tokenizer), options, folder.resolve("ids"));
      try (DocumentSource source = documents.open(folder, report)) {
        shard.add(source, report, name, bytes, made);
      }
      Path target = new Path(output, name(number));
      writeAtomically(target.getFileSystem(hadoop.value()), target, shard);
      return new Made(number, new TokenShards.Shard(target.getName(), shard.tokens(), shard.documents()), report.bad(), report.firstBad());
    } finally {
      RunStore.delete(folder);
    }
  }

  /** Writes under another name, then renames. If two attempts write the same bytes, the first wins. */
  static void writeAtomically(FileSystem files, Path target, AtomicFile.Content content) throws IOException {
    Path temporary = new Path(target.getParent(), "_" + target.getName() + "." + UUID.randomUUID() + ".part");
    try (OutputStream out = files.create(temporary, true)) {
      content.writeTo(out);
    }
    if (files.exists(target) || !files.rename(temporary, target)) {
      files.delete(temporary, false);
      if (!files.exists(target)) {
        throw new IOException(temporary + " could not be renamed to " + target);
      }
    }
  }

  private static String name(int number) {
    return String.format(Locale.ROOT, "shard-%05d.tokens", number);
  }

  /** Strings as documents. */
  private record Rows(Iterator<Tuple2<Long, String>> rows, DocumentOptions options, DocumentReport report) implements DocumentSource {
    @Override
    public Part next() {
      Batch batch = new Batch();
      boolean any = false;
      while (rows.hasNext()) {
        Tuple2<Long, String> row = rows.next();
        byte[] text = row._2() == null ? null : row._2().getBytes(StandardCharsets.UTF_8);
        if (text == null) {
          options.bad("document " + row._1() + " is null; expected a text", report);
        } else if (text.length > options.limits().documentBytes()) {
          options.bad("document " + row._1() + " has " + text.length + " bytes; the limit for a document is "
              + options.limits().documentBytes(), report);
        } else {
          any = true;
          if (batch.add(new Document("document " + row._1(), text))) {
            return batch;
          }
        }
      }
      return any ? batch : null;
    }

    @Override
    public void close() {
      // Spark's iterator has nothing to close.
    }
  }
}
