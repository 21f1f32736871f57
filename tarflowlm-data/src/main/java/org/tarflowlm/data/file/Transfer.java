package org.tarflowlm.data.file;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.tarflowlm.data.DataException;

/** The download of one file into its {@code .part}; each {@link #run} is one connection that continues where the last one stopped. */
final class Transfer {
  private static final int REDIRECTS = 5;
  private static final long PROGRESS_NANOS = 200_000_000;
  private static final Pattern CONTENT_RANGE = Pattern.compile("bytes ([0-8]?\\d{1,18})-[0-8]?\\d{1,18}/([0-8]?\\d{1,18}|\\*)");
  private static final Pattern CONTENT_LENGTH = Pattern.compile("[0-8]?\\d{1,18}");

  private final RemoteFile remote;
  private final Path part;
  private final Progress progress;
  private final Downloader.Settings settings;
  private String validator;
  private boolean continued;
  private final long deadline;
  private long nextProgress = System.nanoTime();

  Transfer(RemoteFile remote, Path part, Progress progress, Downloader.Settings settings) {
    this.remote = remote;
    this.part = part;
    this.progress = progress;
    this.settings = settings;
    this.deadline = System.nanoTime() + settings.overall().toNanos();
  }

  /** Bytes that have arrived. */
  long have() {
    return IoErrors.reading(part, () -> Files.exists(part) ? Files.size(part) : 0);
  }

  /** Whether the file was assembled from several pieces. */
  boolean continued() {
    return continued;
  }

  /** Gets the rest of the file and forces it to disk. */
  void run() throws Downloader.BrokenOffException, Downloader.WrongContentException {
    long have = have();
    if (have > 0 && have == remote.length()) {
      continued = true;
      return;
    }
    if (remote.length() != RemoteFile.UNKNOWN && have > remote.length()) {
      have = 0;
    }
    if (remote.uri().getScheme().equalsIgnoreCase("file")) {
      copyLocal();
    } else {
      request(have);
    }
  }

  private void copyLocal() throws Downloader.WrongContentException, Downloader.BrokenOffException {
    Path source = Path.of(remote.uri());
    try {
      long length = Files.size(source);
      try (InputStream in = Files.newInputStream(source)) {
        save(in, 0, expectedTotal(length), "its end");
      }
    } catch (IOException e) {
      throw IoErrors.unreadable(source, e);
    }
  }

  private void request(long have) throws Downloader.BrokenOffException, Downloader.WrongContentException {
    HttpURLConnection connection = null;
    try {
      requireTime(have);
      connection = open(remote.uri(), have);
      int status = connection.getResponseCode();
      long start = status == 206 ? rangeStart(connection, have) : 0;
      if (status != 200 && status != 206) {
        throw refused(status, connection.getResponseMessage());
      }
      validator = connection.getHeaderField("ETag");
      long rest = announcedLength(connection);
      try (InputStream in = connection.getInputStream()) {
        save(in, start, expectedTotal(rest < 0 ? RemoteFile.UNKNOWN : start + rest), "the connection was cut");
      }
    } catch (SocketTimeoutException e) {
      throw new Downloader.BrokenOffException("no byte for " + settings.stallTimeout().toMillis() + " ms", e);
    } catch (IOException e) {
      throw new Downloader.BrokenOffException(e.getClass().getSimpleName() + (e.getMessage() == null ? "" : ": " + e.getMessage()), e);
    } finally {
      if (connection != null) {
        connection.disconnect();
      }
    }
  }

  /** The announced length, or UNKNOWN if there is none. */
  private long announcedLength(HttpURLConnection connection) throws Downloader.BrokenOffException {
    String header = connection.getHeaderField("Content-Length");
    if (header != null && !CONTENT_LENGTH.matcher(header.strip()).matches()) {
      throw new Downloader.BrokenOffException("the server announces a length of \"" + header + "\" bytes");
    }
    return header == null ? RemoteFile.UNKNOWN : Long.parseLong(header.strip());
  }

  /** Connects, following redirects by hand: Java's own do not go from http to https. */
  private HttpURLConnection open(URI uri, long have) throws IOException {
    for (int i = 0; i <= REDIRECTS; i++) {
      HttpURLConnection connection = EnvironmentProxy.connect(uri);
      connection.setInstanceFollowRedirects(false);
      connection.setConnectTimeout((int) settings.connectTimeout().toMillis());
      connection.setReadTimeout((int) settings.stallTimeout().toMillis());
      connection.setRequestProperty("User-Agent", "tarflowlm");
      connection.setRequestProperty("Accept-Encoding", "identity");
      if (have > 0 && (remote.sha256() != null || validator != null)) {
        connection.setRequestProperty("Range", "bytes=" + have + "-");
        if (remote.sha256() == null) {
          connection.setRequestProperty("If-Range", validator);
        }
      }
      int status = connection.getResponseCode();
      String location = connection.getHeaderField("Location");
      if (status < 300 || status > 399 || location == null) {
        return connection;
      }
      connection.disconnect();
      URI next = resolved(uri, location);
      boolean http = "http".equalsIgnoreCase(next.getScheme());
      if (!http && !"https".equalsIgnoreCase(next.getScheme()) || http && "https".equalsIgnoreCase(uri.getScheme())) {
        throw new DataException(uri + " redirects to " + next + ", which is not followed");
      }
      uri = next;
    }
    throw new DataException(remote.uri() + " redirects more than " + REDIRECTS + " times");
  }

  private static URI resolved(URI uri, String location) {
    try {
      return uri.resolve(location);
    } catch (IllegalArgumentException e) {
      throw new DataException(uri + " redirects to \"" + location + "\", which is not an address", e);
    }
  }

  private long rangeStart(HttpURLConnection connection, long have) throws Downloader.BrokenOffException, Downloader.WrongContentException {
    String header = connection.getHeaderField("Content-Range");
    Matcher range = CONTENT_RANGE.matcher(header == null ? "" : header);
    if (!range.matches() || Long.parseLong(range.group(1)) != have) {
      discard();
      throw new Downloader.BrokenOffException("the server answers with the range \"" + header + "\" to a request for byte " + have + " on");
    }
    if (!range.group(2).equals("*")) {
      expectedTotal(Long.parseLong(range.group(2)));
    }
    continued = true;
    return have;
  }

  /** The exception for a response without content: temporary or final. */
  private Downloader.BrokenOffException refused(int status, String message) {
    String answer = "the server answers " + status + (message == null ? "" : " " + message);
    if (status == 416) {
      discard();
      return new Downloader.BrokenOffException(answer + " to the request for the rest");
    }
    if (status == 408 || status == 425 || status == 429 || status >= 500) {
      return new Downloader.BrokenOffException(answer);
    }
    throw new DataException("cannot fetch " + remote.uri() + ": " + answer);
  }

  private void discard() {
    IoErrors.writing(part, () -> Files.deleteIfExists(part));
  }

  /** The length to expect, given what the server announces. */
  private long expectedTotal(long announced) throws Downloader.WrongContentException {
    if (remote.length() == RemoteFile.UNKNOWN) {
      return announced;
    }
    if (announced != RemoteFile.UNKNOWN && announced != remote.length()) {
      throw new Downloader.WrongContentException(remote.uri() + " has " + announced + " bytes; expected " + remote.length(), false);
    }
    return remote.length();
  }

  private void save(InputStream in, long start, long total, String endedBy)
      throws Downloader.BrokenOffException, Downloader.WrongContentException, IOException {
    boolean unannounced = total == RemoteFile.UNKNOWN;
    long most = unannounced ? settings.unannounced() : total;
    requireRoom(unannounced ? 0 : total - start);
    long at = start;
    try (FileChannel out = IoErrors.writing(part,
        () -> FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE).truncate(start).position(start))) {
      byte[] buffer = new byte[1 << 16];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        if (at + n > most) {
          String said = unannounced ? " announces no length and sends more than " + most + " bytes, the limit"
              : " sends more than the expected " + total + " bytes";
          throw new Downloader.WrongContentException(remote.uri() + said, continued && !unannounced);
        }
        requireTime(at);
        append(out, ByteBuffer.wrap(buffer, 0, n), unannounced);
        at += n;
        report(at, total, false);
      }
      IoErrors.writing(part, () -> {
        out.force(true);
        return part;
      });
    }
    if (at < total) {
      throw new Downloader.BrokenOffException(endedBy + " after " + at + " of " + total + " bytes");
    }
    report(at, at, true);
  }

  private void requireTime(long have) {
    if (System.nanoTime() - deadline > 0) {
      throw new DataException("cannot fetch " + remote.uri() + ": incomplete after " + settings.overall().toSeconds()
          + " s, the limit; " + have + " bytes are kept in " + part + " to be continued");
    }
  }

  /** @param unannounced whether the file may be endless: then the part that filled the disk is not kept */
  private void append(FileChannel out, ByteBuffer bytes, boolean unannounced) {
    try {
      AtomicFile.writeFully(out, bytes);
    } catch (IOException e) {
      if (unannounced) {
        discard();
      }
      throw IoErrors.unwritable(part, e);
    }
  }

  private void requireRoom(long bytes) throws IOException {
    long room = Files.getFileStore(part.toAbsolutePath().getParent()).getUsableSpace();
    if (bytes > room) {
      throw new DataException("no room for " + remote.uri() + " in " + part.toAbsolutePath().getParent() + ": it needs " + bytes
          + " bytes, " + room + " are free");
    }
  }

  private void report(long done, long total, boolean last) {
    long now = System.nanoTime();
    if (last || now - nextProgress >= 0) {
      nextProgress = now + PROGRESS_NANOS;
      progress.update(part.getFileName().toString().replaceFirst("\\.part$", ""), done, total);
    }
  }
}
