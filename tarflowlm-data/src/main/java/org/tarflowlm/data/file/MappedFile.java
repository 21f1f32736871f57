package org.tarflowlm.data.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import org.tarflowlm.data.DataException;

/** A read-only file, memory-mapped in pieces, so that files beyond 2 GiB work and take no heap. */
public final class MappedFile {
  private static final int PIECE_BITS = 30;
  private static final long PIECE = 1L << PIECE_BITS;

  private final ByteBuffer[] pieces;
  private final long length;
  private final Path path;
  private final Object key;

  /** Maps the whole file. */
  public MappedFile(Path path) throws IOException {
    this.path = path;
    this.key = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      length = channel.size();
      pieces = new ByteBuffer[(int) ((length + PIECE - 1) >> PIECE_BITS)];
      for (int i = 0; i < pieces.length; i++) {
        long at = i * PIECE;
        pieces[i] = channel.map(FileChannel.MapMode.READ_ONLY, at, Math.min(PIECE, length - at));
      }
    }
  }

  /** Length in bytes when the file was mapped. */
  public long length() {
    return length;
  }

  /**
   * Copies bytes [from, from + count) to target[at ...].
   *
   * @throws DataException if the file was truncated after it was mapped, or its disk fails
   */
  public void read(long from, byte[] target, int at, int count) {
    Objects.checkFromIndexSize(from, count, length);
    requireWhole();
    while (count > 0) {
      ByteBuffer piece = pieces[(int) (from >> PIECE_BITS)];
      int offset = (int) (from & (PIECE - 1));
      int n = Math.min(count, piece.limit() - offset);
      copy(piece, offset, target, at, n);
      from += n;
      at += n;
      count -= n;
    }
  }

  /**
   * Checks the length first: reading a mapped page whose part of the file is gone makes Java throw an Error, sometimes later and
   * elsewhere.
   */
  private void requireWhole() {
    try {
      BasicFileAttributes now = Files.readAttributes(path, BasicFileAttributes.class);
      if (now.size() < length && Objects.equals(now.fileKey(), key)) {
        throw changed(null);
      }
    } catch (IOException e) {
      // The file was deleted or moved; the mapped content is still there.
    }
  }

  private void copy(ByteBuffer piece, int offset, byte[] target, int at, int n) {
    try {
      piece.get(offset, target, at, n);
    } catch (InternalError e) {
      throw changed(e);
    }
  }

  private DataException changed(InternalError cause) {
    return new DataException(path + " is shorter than the " + length + " bytes that it had when it was opened; expected a file that does "
        + "not change while it is in use", cause);
  }
}
