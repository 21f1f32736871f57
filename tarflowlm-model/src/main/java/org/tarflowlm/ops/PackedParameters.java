package org.tarflowlm.ops;

import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.zip.CRC32C;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A value computed from parameters and kept until they change. Changes are detected from the contents, since DL4J's updaters
 * write into arrays in place: by a checksum of each array, CRC-32C, which sees every change of one number for certain and misses any other
 * change of an array once in four thousand million. Reading them costs the time of a position or two: what they displace from the cache
 * has to come back as well. Whoever knows that they do not change can spare it by {@link #fix}. May be used by many threads.
 *
 * @param <T> what is made; read-only
 */
final class PackedParameters<T> {
  private long[] key = new long[0];
  private T packed;
  private boolean fixed;

  /** Ends the looking: what is packed, or will be next, stays. */
  synchronized void fix() {
    fixed = true;
  }

  /** The value that {@code pack} computes from the current parameters, FLOAT or DOUBLE arrays. */
  synchronized T get(List<INDArray> parameters, Supplier<T> pack) {
    if (fixed && packed != null) {
      return packed;
    }
    long[] now = new long[parameters.size()];
    for (int i = 0; i < now.length; i++) {
      now[i] = checksum(Tensors.dense(parameters.get(i)));
    }
    if (packed == null || !Arrays.equals(key, now)) {
      packed = null; // the old one can go before the new one comes
      packed = pack.get();
      key = now;
    }
    return packed;
  }

  private static long checksum(INDArray array) {
    int width = array.dataType().width();
    CRC32C crc = new CRC32C();
    Pointer data = HostMemory.pointer(array);
    long bytes = array.length() * width;
    long start = (data.position() + array.offset()) * width;
    for (long at = 0; at < bytes; at += Integer.MAX_VALUE) {
      BytePointer part = new BytePointer(data).position(start + at);
      part.limit(start + Math.min(bytes, at + Integer.MAX_VALUE));
      crc.update(part.asByteBuffer());
    }
    Reference.reachabilityFence(array); // it may be a copy that only this method knows
    return crc.getValue() | (long) width << 32;
  }
}
