package org.tarflowlm.data.file;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** An HTTP server on 127.0.0.1. The test writes every answer, byte by byte if it likes. */
public final class FaultyServer implements AutoCloseable {
  private final ServerSocket socket;
  private final Answer answer;
  private final List<Request> requests = new CopyOnWriteArrayList<>();

  /** A request. */
  public record Request(int number, String path, long rangeStart) {
  }

  /** Writes an answer; then the server closes the connection. */
  public interface Answer {
    void write(Request request, OutputStream out) throws IOException, InterruptedException;
  }

  public FaultyServer(Answer answer) {
    this.answer = answer;
    try {
      socket = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    start(this::accept);
  }

  private static void start(Runnable task) {
    Thread thread = new Thread(task, "faulty-server");
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() {
    try {
      while (true) {
        Socket connection = socket.accept();
        start(() -> serve(connection));
      }
    } catch (IOException e) {
      // The test has closed the server.
    }
  }

  private void serve(Socket connection) {
    try (connection;
        BufferedReader in = new BufferedReader(new InputStreamReader(connection.getInputStream(), StandardCharsets.US_ASCII))) {
      String path = in.readLine().split(" ")[1];
      long range = -1;
      for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
        if (line.toLowerCase().startsWith("range: bytes=")) {
          range = Long.parseLong(line.substring(13, line.length() - 1));
        }
      }
      Request request;
      synchronized (requests) {
        request = new Request(requests.size(), path, range);
        requests.add(request);
      }
      answer.write(request, connection.getOutputStream());
      connection.getOutputStream().flush();
    } catch (IOException e) {
      // The client has gone away, as some tests want.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  public URI uri(String path) {
    return URI.create("http://127.0.0.1:" + socket.getLocalPort() + path);
  }

  public List<Request> requests() {
    return requests;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }

  public static void head(OutputStream out, String status, String... headers) throws IOException {
    String head = "HTTP/1.1 " + status + "\r\n" + String.join("", List.of(headers).stream().map(h -> h + "\r\n").toList())
        + "Connection: close\r\n\r\n";
    out.write(head.getBytes(StandardCharsets.US_ASCII));
    out.flush();
  }

  /** Answers correctly: with the whole content, or from the requested byte on. */
  public static void file(Request request, OutputStream out, byte[] content) throws IOException {
    int from = (int) Math.max(0, request.rangeStart());
    headOf(request, out, content.length);
    out.write(content, from, content.length - from);
  }

  /** Writes the head of a correct answer. */
  public static void headOf(Request request, OutputStream out, int length) throws IOException {
    if (request.rangeStart() < 0) {
      head(out, "200 OK", "Content-Length: " + length);
    } else {
      head(out, "206 Partial Content", "Content-Length: " + (length - request.rangeStart()),
          "Content-Range: bytes " + request.rangeStart() + "-" + (length - 1) + "/" + length);
    }
  }
}
