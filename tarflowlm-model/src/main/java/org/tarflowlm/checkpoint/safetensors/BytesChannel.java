package org.tarflowlm.checkpoint.safetensors;

import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;

/** Bytes in memory as a channel that can only be read. */
final class BytesChannel implements SeekableByteChannel {
  private final ByteBuffer bytes;

  BytesChannel(byte[] bytes) {
    this.bytes = ByteBuffer.wrap(bytes);
  }

  @Override
  public int read(ByteBuffer into) {
    if (!bytes.hasRemaining()) {
      return -1;
    }
    int count = Math.min(into.remaining(), bytes.remaining());
    into.put(bytes.slice(bytes.position(), count));
    bytes.position(bytes.position() + count);
    return count;
  }

  @Override
  public long position() {
    return bytes.position();
  }

  @Override
  public SeekableByteChannel position(long position) {
    bytes.position((int) Math.min(position, bytes.limit()));
    return this;
  }

  @Override
  public long size() {
    return bytes.limit();
  }

  @Override
  public int write(ByteBuffer from) {
    throw new UnsupportedOperationException("read only");
  }

  @Override
  public SeekableByteChannel truncate(long size) {
    throw new UnsupportedOperationException("read only");
  }

  @Override
  public boolean isOpen() {
    return true;
  }

  @Override
  public void close() {
    // Memory needs no closing.
  }
}
