package org.tarflowlm.data.documents;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Locale;
import org.apache.commons.compress.utils.SeekableInMemoryByteChannel;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.Compression;
import org.tarflowlm.data.file.FileNames;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.file.IoErrors;
import org.tarflowlm.data.file.XzBytes;
import org.tarflowlm.data.file.ZipMembers;

/** The documents of a container: a folder, a tar or a zip archive, and archives and JSON Lines in it. */
abstract class MemberDocuments implements DocumentSource {
  /** Archives of up to this many bytes stay packed in memory until the thread that reads the part unpacks them. */
  static final int IN_MEMORY = 4 << 20;
  /** Most levels of archives in archives: OpenWebText has two. */
  private static final int DEEPEST = 5;

  final DocumentOptions options;
  final DocumentReport report;
  /** 0 for a folder, 1 for an archive that the user named, more for an archive in it. */
  private final int depth;
  /** The source of the current member, if the member itself holds documents. */
  private DocumentSource inner;
  /** The member to read after the batch of texts before it. */
  private Member waiting;

  /**
   * A file among the members.
   *
   * @param name its path, for messages
   * @param size bytes as stored in the container
   * @param content opens it
   */
  record Member(String name, long size, IoErrors.Action<InputStream> content) {}

  MemberDocuments(DocumentOptions options, DocumentReport report, int depth) {
    this.options = options;
    this.report = report;
    this.depth = depth;
  }

  /** The next member, or null at the end. Streams of the previous member may be invalid after the call. */
  abstract Member nextMember();

  @Override
  public final Part next() throws IOException {
    Batch batch = new Batch();
    while (true) {
      if (inner != null) {
        Part part = inner.next();
        if (part != null) {
          return part;
        }
        inner.close();
        inner = null;
      }
      Member member = waiting != null ? waiting : nextMember();
      waiting = null;
      if (member == null) {
        return batch.isEmpty() ? null : batch;
      }
      MemberKind kind = MemberKind.ofMember(member.name());
      if (kind == MemberKind.OTHER) {
        report.other(member.name());
      } else if (kind == MemberKind.TEXT) {
        if (batch.add(text(member))) {
          return batch;
        }
      } else if (!batch.isEmpty()) {
        waiting = member;
        return batch;
      } else if (kind == MemberKind.TAR && depth > 0 && member.size() <= IN_MEMORY) {
        return packedTar(member.name(), bytes(member, IN_MEMORY));
      } else {
        inner = open(member, kind);
      }
    }
  }

  private DocumentSource open(Member member, MemberKind kind) throws IOException {
    requireShallow(member.name());
    if (kind == MemberKind.ZIP) {
      if (member.size() > options.limits().documentBytes()) {
        throw new DataException(member.name() + " is a zip archive of " + member.size() + " bytes; the limit inside another is "
            + options.limits().documentBytes());
      }
      byte[] zip = bytes(member, options.limits().documentBytes());
      ZipMembers members = new ZipMembers(new SeekableInMemoryByteChannel(zip), member.name());
      return new ZipDocuments(members, member.name(), options, report, depth + 1);
    }
    InputStream in = unpacked(member, depth == 0 ? Long.MAX_VALUE : options.limits().archiveBytes());
    return kind == MemberKind.TAR ? new TarDocuments(in, member.name(), options, report, depth + 1)
        : new JsonLines(in, member.name(), options, report);
  }

  private void requireShallow(String name) {
    if (depth >= DEEPEST) {
      throw new DataException(name + " is an archive nested " + DEEPEST + " deep, the limit");
    }
  }

  private InputStream unpacked(Member member, long limit) {
    return IoErrors.reading(member.name(), () -> limited(
        Compression.unpack(new BufferedInputStream(member.content().run(), 1 << 16), member.name()), member.name(), limit));
  }

  private static InputStream limited(InputStream in, String name, long limit) {
    return new LimitedInputStream(in, limit, name + " unpacks to more than " + limit + " bytes, the limit");
  }

  /** A part whose archive is in memory, still packed. */
  private Part packedTar(String name, byte[] packed) {
    requireShallow(name);
    long limit = options.limits().archiveBytes();
    return consumer -> {
      try (TarDocuments texts = new TarDocuments(unpacked(name, packed, limit), name, options, report, depth + 1)) {
        for (Part part = texts.next(); part != null; part = texts.next()) {
          part.forEach(consumer);
        }
      }
    };
  }

  private static InputStream unpacked(String name, byte[] packed, long limit) {
    return IoErrors.reading(name, () -> {
      InputStream in = Compression.detect(packed, name) == Compression.XZ
          ? XzBytes.open(packed, name, limit) : Compression.unpack(new ByteArrayInputStream(packed), name);
      return new BufferedInputStream(limited(in, name, limit), 1 << 14);
    });
  }

  /** A member that is a document, unpacked if it is compressed. */
  private Document text(Member member) {
    int limit = options.limits().documentBytes();
    boolean packed = !FileNames.withoutCompression(member.name()).endsWith(member.name().toLowerCase(Locale.ROOT));
    byte[] bytes = !packed ? bytes(member, limit) : IoErrors.reading(member.name(), () -> {
      try (InputStream in = unpacked(member, limit)) {
        return in.readAllBytes();
      }
    });
    InputFile.requireContent(bytes, member.name());
    return new Document(member.name(), bytes);
  }

  private static byte[] bytes(Member member, int limit) {
    if (member.size() > limit) {
      throw new DataException(member.name() + " has " + member.size() + " bytes; the limit for a document is " + limit);
    }
    byte[] bytes = IoErrors.reading(member.name(), () -> {
      try (InputStream in = member.content().run()) {
        return in.readNBytes((int) member.size() + 1);
      }
    });
    if (bytes.length != member.size()) {
      throw new DataException(member.name() + (bytes.length < member.size() ? " ends after " + bytes.length + " of "
          : " continues beyond its ") + member.size() + " bytes");
    }
    return bytes;
  }

  @Override
  public void close() throws IOException {
    if (inner != null) {
      inner.close();
      inner = null;
    }
  }

  /**
   * No file is ever written under a member's name. A name that leads out of its folder is refused all the same, since only an attack has
   * one.
   */
  static void requireInside(String archive, String path) {
    String slashes = path.replace('\\', '/');
    if (slashes.startsWith("/") || path.indexOf('\0') >= 0 || List.of(slashes.split("/")).contains("..")) {
      throw new DataException(archive + " has an entry \"" + path + "\" that leads out of its folder");
    }
  }

  /** Throws an error at the limit instead of unpacking without end. */
  static class LimitedInputStream extends FilterInputStream {
    private final String excess;
    long limit;
    long count;

    /**
     * @param limit most bytes that may be read or skipped
     * @param excess message of the error if there are more
     */
    LimitedInputStream(InputStream in, long limit, String excess) {
      super(in);
      this.limit = limit;
      this.excess = excess;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int n = super.read(target, offset, length);
      count(Math.max(n, 0));
      return n;
    }

    @Override
    public long skip(long n) throws IOException {
      long skipped = super.skip(n);
      count(skipped);
      return skipped;
    }

    @Override
    public boolean markSupported() {
      return false;
    }

    private void count(long n) {
      count += n;
      if (count > limit) {
        throw new DataException(excess);
      }
    }
  }
}
