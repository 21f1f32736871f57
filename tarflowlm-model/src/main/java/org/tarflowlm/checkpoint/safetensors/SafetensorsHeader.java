package org.tarflowlm.checkpoint.safetensors;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tarflowlm.checkpoint.safetensors.SafetensorsException.Problem;

/**
 * Header of a safetensors file.
 *
 * @param tensors by name, in the order of the header
 * @param metadata free strings; empty if the file has none
 */
record SafetensorsHeader(Map<String, TensorInfo> tensors, Map<String, String> metadata) {
  /** Bytes of the header's length, which the file begins with. */
  public static final int LENGTH_BYTES = 8;

  /** The longest header that the format allows. */
  public static final long MAX_BYTES = 100_000_000;

  public SafetensorsHeader {
    tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
  }

  /** Tensors must cover the data exactly: no gap, no byte of two tensors, none left. */
  static void checkLayout(List<TensorInfo> tensors, long dataBytes) throws SafetensorsException {
    List<TensorInfo> ordered = new ArrayList<>(tensors);
    ordered.sort(Comparator.comparingLong(TensorInfo::begin).thenComparingLong(TensorInfo::end));
    long covered = 0;
    for (TensorInfo each : ordered) {
      if (each.begin() != covered) {
        throw new SafetensorsException(each.begin() > covered ? Problem.GAP : Problem.OVERLAP,
            "tensor " + HeaderParser.quote(each.name()) + " begins at byte " + each.begin() + " of the data; expected " + covered
                + ", where the tensor before it ends");
      }
      covered = each.end();
    }
    if (covered > dataBytes) {
      throw new SafetensorsException(Problem.TRUNCATED,
          "the tensors have " + covered + " bytes of data, but the file ends after " + dataBytes);
    } else if (covered < dataBytes) {
      throw new SafetensorsException(Problem.TRAILING_BYTES,
          "the tensors have " + covered + " bytes of data, but the file continues to " + dataBytes);
    }
  }
}
