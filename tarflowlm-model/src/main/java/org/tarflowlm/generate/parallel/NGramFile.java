package org.tarflowlm.generate.parallel;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipException;

/**
 * The file format of an {@link NGramTable}: a tree of contexts, each with its followers. The root is the empty context, and a child's
 * context begins one token earlier. Weights are rounded to powers of 2^(1/8). Gzip compresses the file, and its checksum detects damage.
 */
public final class NGramFile {
  private static final int MAGIC = 0x4E47524D;
  private static final int VERSION = 1;
  static final int MOST_ORDER = 16;
  private static final int BUFFER = 1 << 16;
  /** Most contexts, and most followers before a new context; a table of this size takes 200 MB. */
  private static final int MOST_READ = 1 << 22;
  private static final int MOST_VOCABULARY = 1 << 20;
  /** Codes of weights: {@code 8 log2(weight / LEAST)}. */
  private static final double LEAST = 0.125;
  private static final double STEPS = 8.0;

  private NGramFile() {}

  /**
   * Writes a table.
   *
   * @param leastTotal leaves out contexts of three tokens and more with a smaller sum of weights
   * @param leastWeight leaves out followers with a smaller weight
   * @throws IOException if writing fails
   */
  public static void write(NGramTable table, double leastTotal, double leastWeight, OutputStream out) throws IOException {
    GZIPOutputStream zip = new GZIPOutputStream(out);
    DataOutputStream data = new DataOutputStream(zip);
    data.writeInt(MAGIC);
    data.writeInt(VERSION);
    data.writeInt(table.vocabulary());
    data.writeInt(table.order());
    new Writer(table, leastTotal, Math.max(LEAST, leastWeight), data).node(NGramTable.ROOT, 0);
    data.flush();
    zip.finish();
  }

  private static final class Writer {
    private static final int ALWAYS_KEPT = 2;
    private final NGramTable table;
    private final double leastTotal;
    private final double leastWeight;
    private final DataOutputStream out;
    private final float[] weights;

    Writer(NGramTable table, double leastTotal, double leastWeight, DataOutputStream out) {
      this.table = table;
      this.leastTotal = leastTotal;
      this.leastWeight = leastWeight;
      this.out = out;
      weights = new float[table.vocabulary()];
    }

    void node(long context, int depth) throws IOException {
      table.weights(context, weights);
      writeCount(count(weights));
      int last = 0;
      for (int k = 0; k < weights.length; k++) {
        if (weights[k] >= leastWeight) {
          writeCount(k - last);
          out.writeByte((int) Math.min(255, Math.round(STEPS * Math.log(weights[k] / LEAST) / Math.log(2.0))));
          last = k;
        }
      }
      boolean[] children = new boolean[weights.length];
      int count = 0;
      for (int k = 0; k < children.length && depth + 1 < table.order(); k++) {
        children[k] = isKept(NGramTable.extend(context, k), depth + 1);
        count += children[k] ? 1 : 0;
      }
      writeCount(count);
      last = 0;
      for (int k = 0; k < children.length; k++) {
        if (children[k]) {
          writeCount(k - last);
          node(NGramTable.extend(context, k), depth + 1);
          last = k;
        }
      }
    }

    private boolean isKept(long context, int depth) {
      if (!table.weights(context, weights) || count(weights) == 0) {
        return false;
      }
      double total = 0.0;
      for (float weight : weights) {
        total += weight;
      }
      return depth <= ALWAYS_KEPT || total >= leastTotal;
    }

    private int count(float[] values) {
      int count = 0;
      for (float value : values) {
        count += value >= leastWeight ? 1 : 0;
      }
      return count;
    }

    private void writeCount(int value) throws IOException {
      int rest = value;
      for (; rest > 0x7F; rest >>>= 7) {
        out.writeByte(rest & 0x7F | 0x80);
      }
      out.writeByte(rest);
    }
  }

  /**
   * Reads a table that was distilled from a model; {@code learn} has no effect on it.
   *
   * @param in a file of n-grams; this method closes it
   * @throws IOException if the file is damaged or not a file of n-grams; the message says how
   */
  public static NGramTable read(InputStream in) throws IOException {
    return read(in, 0).frozen();
  }

  /**
   * Checks a whole file without keeping its n-grams.
   *
   * @param in a file of n-grams; this method closes it
   * @param vocabulary number of different tokens that the file must be for
   * @throws IOException if {@link #read} cannot read the file, or it is for another vocabulary; the message says how
   */
  public static void require(InputStream in, int vocabulary) throws IOException {
    read(in, vocabulary);
  }

  /** @param onlyFor vocabulary to check the file for, without keeping its n-grams; 0 to keep them */
  private static NGramTable read(InputStream in, int onlyFor) throws IOException {
    // the outer buffer, because each single-byte read of a GZIPInputStream calls native code
    try (DataInputStream data = new DataInputStream(new BufferedInputStream(new GZIPInputStream(in, BUFFER), BUFFER))) {
      NGramTable table = readHeader(data);
      require(onlyFor == 0 || table.vocabulary() == onlyFor, "is made for " + table.vocabulary() + " tokens; expected " + onlyFor);
      new Reader(table, data, onlyFor == 0, new int[2]).node(NGramTable.ROOT, 0);
      require(data.read() < 0, "continues after its end");
      return table;
    } catch (EOFException | ZipException e) {
      String cause = e instanceof EOFException ? "it ends too early" : e.getMessage();
      throw new IOException("is damaged or not a file of n-grams: " + cause, e);
    }
  }

  /** Reads the header and returns an empty table for it. */
  private static NGramTable readHeader(DataInputStream data) throws IOException {
    require(data.readInt() == MAGIC, "is not a file of n-grams");
    int version = data.readInt();
    require(version == VERSION, "has version " + version + "; this program reads version " + VERSION);
    int vocabulary = data.readInt();
    require(vocabulary >= 1 && vocabulary <= MOST_VOCABULARY, "has a vocabulary of " + vocabulary);
    int order = data.readInt();
    require(order >= 1 && order <= MOST_ORDER, "has n-grams of " + order);
    return new NGramTable(vocabulary, order);
  }

  /**
   * Reads a tree.
   *
   * @param keeps whether to put the n-grams into the table
   * @param read number of contexts, then of followers, so far
   */
  private record Reader(NGramTable table, DataInputStream in, boolean keeps, int[] read) {
    void node(long key, int depth) throws IOException {
      require(++read[0] <= MOST_READ && read[1] <= MOST_READ, "has more than " + MOST_READ + " n-grams");
      int context = keeps ? table.context(key) : 0;
      if (keeps) {
        table.backoff(context, 1f);
      }
      int count = readCount(table.vocabulary());
      read[1] += count;
      int token = 0;
      for (int i = 0; i < count; i++) {
        token = readToken(token, i > 0);
        int weight = in.readUnsignedByte();
        if (keeps) {
          table.append(context, token, (float) (LEAST * Math.pow(2.0, weight / STEPS)));
        }
      }
      int children = readCount(table.vocabulary());
      require(children == 0 || depth + 1 < table.order(), "is damaged: a context has more than " + (table.order() - 1) + " tokens");
      token = 0;
      for (int i = 0; i < children; i++) {
        token = readToken(token, i > 0);
        node(NGramTable.extend(key, token), depth + 1);
      }
    }

    private int readToken(int last, boolean more) throws IOException {
      int token = last + readCount(table.vocabulary());
      if (token >= table.vocabulary() || token <= last && more) { // no message for each of a million tokens
        throw new IOException("is damaged: a token is " + token);
      }
      return token;
    }

    private int readCount(int most) throws IOException {
      int value = 0;
      for (int shift = 0; shift < 28; shift += 7) {
        int part = in.readUnsignedByte();
        value |= (part & 0x7F) << shift;
        if (part <= 0x7F) {
          if (value > most) {
            throw new IOException("is damaged: a number is " + value);
          }
          return value;
        }
      }
      throw new IOException("is damaged: a number is too long");
    }
  }

  private static void require(boolean condition, String message) throws IOException {
    if (!condition) {
      throw new IOException(message);
    }
  }
}
