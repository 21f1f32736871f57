package org.tarflowlm.data.tokens;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.logging.log4j.LogManager;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.documents.UnknownCharacters;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.file.IoErrors;
import org.tarflowlm.data.file.MappedFile;
import org.tarflowlm.data.tokenize.ByteTokenizer;

/**
 * The tokens of a text8 or byte-level file, memory-mapped: token n is byte n. A line end at the end of the file is left out if the
 * alphabet has no line end.
 */
public final class ByteTokenFile implements TokenSequence {
  private static final int BLOCK = 1 << 16;
  private static final String SCRATCH = "tarflowlm-";
  private static final Pattern SCRATCH_NAME = Pattern.compile(SCRATCH + "(\\d{1,9})-.*\\.text");

  private final InputFile input;
  private final MappedFile file;
  private final int vocabSize;
  private final short[] table;
  private final long length;
  private final ThreadLocal<byte[]> buffer = ThreadLocal.withInitial(() -> new byte[0]);

  private ByteTokenFile(InputFile input, MappedFile file, ByteTokenizer tokenizer) {
    this.input = input;
    this.file = file;
    this.vocabSize = tokenizer.vocabSize();
    this.table = tokenizer.table();
    this.length = file.length() - finalLineEnd();
    check();
  }

  /** Checks all bytes now: an error here is better than one in the middle of a training run. */
  private void check() {
    boolean anythingGoes = true;
    for (short id : table) {
      anythingGoes &= id >= 0;
    }
    int[] ids = new int[BLOCK];
    for (long at = 0; at < length && !anythingGoes; at += BLOCK) {
      read(at, ids, 0, (int) Math.min(BLOCK, length - at));
    }
  }

  /**
   * Opens a file and checks all of it. A plain file is mapped in place. A compressed file, or one from which characters are to be left
   * out, is first written to a temporary file. That is deleted at once where the system allows it, else when the JVM ends.
   *
   * @param foreign what to do with bytes outside the alphabet
   * @throws DataException if the file cannot be read, is damaged, or has a byte outside the alphabet and {@code foreign} is FAIL
   */
  public static ByteTokenFile open(InputFile input, ByteTokenizer tokenizer, UnknownCharacters foreign) {
    return IoErrors.reading(input, () -> {
      if (foreign == UnknownCharacters.FAIL && input.isPlain()) {
        return new ByteTokenFile(input, new MappedFile(input.path()), tokenizer);
      }
      Path unpacked = IoErrors.writing(scratchName(), ByteTokenFile::scratch);
      try (OutputStream out = Files.newOutputStream(unpacked)) {
        copy(input, tokenizer, foreign, out);
        return new ByteTokenFile(input, new MappedFile(unpacked), tokenizer);
      } finally {
        // If a mapped file cannot be deleted, it stays until the JVM ends.
        unpacked.toFile().delete();
      }
    });
  }

  private static String scratchName() {
    return "a temporary file in " + System.getProperty("java.io.tmpdir");
  }

  /**
   * A new file in the system's temporary folder, deleted when the JVM ends. The name holds the process id; files of dead processes are
   * deleted now.
   */
  private static Path scratch() throws IOException {
    Path folder = Path.of(System.getProperty("java.io.tmpdir"));
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, SCRATCH + "*.text")) {
      for (Path file : files) {
        Matcher name = SCRATCH_NAME.matcher(file.getFileName().toString());
        if (name.matches() && ProcessHandle.of(Long.parseLong(name.group(1))).isEmpty() && !file.toFile().delete()) {
          LogManager.getLogger(ByteTokenFile.class).debug("cannot remove {}", file);
        }
      }
    }
    Path file = Files.createTempFile(folder, SCRATCH + ProcessHandle.current().pid() + "-", ".text");
    file.toFile().deleteOnExit();
    return file;
  }

  private static void copy(InputFile input, ByteTokenizer tokenizer, UnknownCharacters foreign, OutputStream out) throws IOException {
    byte[] buffer = new byte[1 << 16];
    try (InputStream in = input.open()) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        int kept = 0;
        for (int i = 0; i < n; i++) {
          if (foreign == UnknownCharacters.FAIL || tokenizer.id(buffer[i] & 0xff) >= 0) {
            buffer[kept++] = buffer[i];
          }
        }
        write(out, buffer, kept);
      }
    }
  }

  private static void write(OutputStream out, byte[] bytes, int count) {
    try {
      out.write(bytes, 0, count);
    } catch (IOException e) {
      throw IoErrors.unwritable(scratchName(), e);
    }
  }

  private int finalLineEnd() {
    int n = 0;
    byte[] one = new byte[1];
    for (int end : new int[] {'\n', '\r'}) {
      if (table[end] < 0 && file.length() > n) {
        file.read(file.length() - n - 1, one, 0, 1);
        n += one[0] == end ? 1 : 0;
      }
    }
    return n;
  }

  @Override
  public long length() {
    return length;
  }

  @Override
  public int vocabSize() {
    return vocabSize;
  }

  @Override
  public void read(long from, int[] ids, int at, int count) {
    byte[] bytes = buffer.get();
    if (bytes.length < count) {
      bytes = new byte[count];
      buffer.set(bytes);
    }
    file.read(from, bytes, 0, count);
    int lowest = 0;
    for (int i = 0; i < count; i++) {
      int id = table[bytes[i] & 0xff];
      ids[at + i] = id;
      lowest = Math.min(lowest, id);
    }
    if (lowest < 0) {
      throw foreign(from, bytes, count);
    }
  }

  private DataException foreign(long from, byte[] bytes, int count) {
    int i = 0;
    while (i < count - 1 && table[bytes[i] & 0xff] >= 0) {
      i++;
    }
    return TokenStreams.outsideAlphabet(input.toString(), bytes[i] & 0xff, from + i, vocabSize);
  }

  /** The mapping is released when it is garbage-collected: Java cannot unmap safely. */
  @Override
  public void close() {
    buffer.remove();
  }
}
