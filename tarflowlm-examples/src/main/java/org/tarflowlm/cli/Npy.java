package org.tarflowlm.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** NumPy's file of one array: version 1.0, little-endian doubles, row after row. */
final class Npy {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
  /** Where the numbers begin must be a multiple of this. */
  private static final int ALIGNMENT = 64;

  private Npy() {}

  static void write(OutputStream out, double[][] rows) throws IOException {
    String header = "{'descr': '<f8', 'fortran_order': False, 'shape': (" + rows.length + ", " + rows[0].length + "), }";
    int length = MAGIC.length + 2 + header.length() + 1;
    header += " ".repeat((ALIGNMENT - length % ALIGNMENT) % ALIGNMENT) + "\n";
    out.write(MAGIC);
    out.write(ByteBuffer.allocate(2).order(ByteOrder.LITTLE_ENDIAN).putShort((short) header.length()).array());
    out.write(header.getBytes(StandardCharsets.US_ASCII));
    for (double[] row : rows) {
      ByteBuffer bytes = ByteBuffer.allocate(8 * row.length).order(ByteOrder.LITTLE_ENDIAN);
      bytes.asDoubleBuffer().put(row);
      out.write(bytes.array());
    }
  }
}
