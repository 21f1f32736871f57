package org.tarflowlm.data.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A read-only file in memory-mapped pieces, so that files beyond 2 GiB work and no heap is used. */
public final class MappedFile {
  private static final int PIECE_BITS = 30;
  private static final long PIECE = 1L << PIECE_BITS;

  private final ByteBuffer[] pieces;
  private final long length;

  public MappedFile(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      length = channel.size();
      pieces = new ByteBuffer[(int) ((length + PIECE - 1) >> PIECE_BITS)];
      for (int i = 0; i < pieces.length; i++) {
        long at = i * PIECE;
        pieces[i] = channel.map(FileChannel.MapMode.READ_ONLY, at, Math.min(PIECE, length - at));
      }
    }
  }

  public long length() {
    return length;
  }

  /** Copies bytes [from, from + count) to target[at ...]. */
  public void read(long from, byte[] target, int at, int count) {
    if (from < 0 || count < 0 || from + count > length) {
      throw new IndexOutOfBoundsException("bytes " + from + " to " + (from + count) + " of " + length);
    }
    while (count > 0) {
      ByteBuffer piece = pieces[(int) (from >> PIECE_BITS)];
      int offset = (int) (from & (PIECE - 1));
      int n = Math.min(count, piece.limit() - offset);
      piece.get(offset, target, at, n);
      from += n;
      at += n;
      count -= n;
    }
  }
}
