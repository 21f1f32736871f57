package org.tarflowlm.serve;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.IntConsumer;

/**
 * One request and its response: a JSON object, a page, or a stream of server-sent events. Any thread may answer; the first answer counts,
 * and later ones are dropped.
 */
final class Exchange {
  /** Status in the metrics for a request whose client disconnected. */
  static final int GONE = 499;

  private enum State { OPEN, STREAMING, DONE }

  private final ChannelHandlerContext channel;
  private final FullHttpRequest request;
  private final Gate gate;
  private final Runnable next;
  private final boolean keepAlive;
  private final String path;
  private final List<Runnable> onCancel = new ArrayList<>();
  private final List<IntConsumer> onEnd = new ArrayList<>();
  private State state = State.OPEN;
  private boolean cancelled;

  /** @param next called when the response has been written and the connection stays open */
  Exchange(ChannelHandlerContext channel, FullHttpRequest request, Gate gate, Runnable next) {
    this.channel = channel;
    this.request = request;
    this.gate = gate;
    this.next = next;
    keepAlive = HttpUtil.isKeepAlive(request)
        && (request.decoderResult().isSuccess() || request.decoderResult().cause() instanceof TooLargeException);
    path = new QueryStringDecoder(request.uri()).rawPath();
  }

  FullHttpRequest request() {
    return request;
  }

  String path() {
    return path;
  }

  byte[] body() {
    byte[] bytes = new byte[request.content().readableBytes()];
    request.content().getBytes(request.content().readerIndex(), bytes);
    return bytes;
  }

  /** Calls back when the client has disconnected or the time is up; at once if that has already happened. */
  void onCancel(Runnable action) {
    synchronized (this) {
      if (!cancelled) {
        onCancel.add(action);
        return;
      }
    }
    action.run();
  }

  /** Calls back with the status when the exchange ends. */
  synchronized void onEnd(IntConsumer action) {
    onEnd.add(action);
  }

  synchronized boolean isOpen() {
    return state != State.DONE;
  }

  /** @throws CancellationException if no client is waiting for the answer */
  void requireOpen() {
    if (!isOpen()) {
      throw new CancellationException();
    }
  }

  void json(Object value) {
    respond(200, "application/json", bytes(value), 0);
  }

  void bytes(String type, byte[] content) {
    respond(200, type, content, 0);
  }

  /** Sends the error as the whole response, or as the last event of a stream. */
  void fail(ApiException failure) {
    synchronized (this) {
      if (state == State.STREAMING) {
        event(failure.body());
        finish(failure.status());
        return;
      }
    }
    respond(failure.status(), "application/json", bytes(failure.body()), failure.retryAfter());
  }

  /** Fails, and runs the cancel callbacks so that the computation stops. */
  void cancel(ApiException reason) {
    fail(reason);
    runCancelled();
  }

  /** Ends the exchange after the client has disconnected. */
  void disconnected() {
    boolean open;
    synchronized (this) {
      open = state != State.DONE;
      state = State.DONE;
    }
    if (open) {
      ended(GONE);
    }
    runCancelled();
  }

  private void runCancelled() {
    List<Runnable> actions;
    synchronized (this) {
      cancelled = true;
      actions = List.copyOf(onCancel);
      onCancel.clear();
    }
    actions.forEach(Runnable::run);
  }

  private synchronized void respond(int status, String type, byte[] content, int retryAfter) {
    if (state != State.OPEN) {
      return;
    }
    state = State.DONE;
    FullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status),
        Unpooled.wrappedBuffer(content));
    response.headers().set(HttpHeaderNames.CONTENT_LENGTH, content.length);
    if (retryAfter > 0) {
      response.headers().set(HttpHeaderNames.RETRY_AFTER, retryAfter);
    }
    if (status == HttpResponseStatus.METHOD_NOT_ALLOWED.code()) {
      response.headers().set(HttpHeaderNames.ALLOW, "GET, HEAD, POST");
    }
    head(response, type);
    ended(status);
    write(response);
  }

  /**
   * Sends an event; the first event begins the stream.
   *
   * @throws CancellationException if the exchange has ended
   */
  synchronized void event(Object value) {
    send("data: " + new String(bytes(value), StandardCharsets.UTF_8) + "\n\n");
  }

  private void send(String text) {
    requireOpen();
    if (state == State.OPEN) {
      state = State.STREAMING;
      HttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
      head(response, "text/event-stream; charset=utf-8");
      if (request.protocolVersion().isKeepAliveDefault()) {
        HttpUtil.setTransferEncodingChunked(response, true);
      } else {
        response.headers().set(HttpHeaderNames.CONNECTION, "close");
      }
      channel.write(response);
    }
    channel.writeAndFlush(new DefaultHttpContent(buffer(text)));
  }

  /** Ends a stream with [DONE], as OpenAI's API does. */
  synchronized void endStream() {
    send("data: [DONE]\n\n");
    finish(200);
  }

  private void finish(int status) {
    state = State.DONE;
    ended(status);
    write(LastHttpContent.EMPTY_LAST_CONTENT);
  }

  private void ended(int status) {
    onEnd.forEach(each -> each.accept(status));
  }

  private void head(HttpResponse response, String type) {
    gate.secure(request, response.headers());
    response.headers().set(HttpHeaderNames.CONTENT_TYPE, type);
    response.headers().set(HttpHeaderNames.CACHE_CONTROL, "no-store");
    if (!keepAlive) {
      response.headers().set(HttpHeaderNames.CONNECTION, "close");
    }
  }

  private void write(Object last) {
    boolean close = !keepAlive || state == State.DONE && !request.protocolVersion().isKeepAliveDefault();
    channel.writeAndFlush(last).addListener((ChannelFutureListener) written -> {
      if (close || !written.isSuccess()) {
        written.channel().close();
      } else {
        next.run();
      }
    });
  }

  private static ByteBuf buffer(String text) {
    return Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] bytes(Object value) {
    try {
      return Fields.JSON.writeValueAsBytes(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A body beyond the limit. The rest of it is read and dropped, so that the connection stays usable. */
  static final class TooLargeException extends TooLongFrameException {
    private static final long serialVersionUID = 1L;

    TooLargeException(int limit) {
      super("the body is larger than " + limit + " bytes, this server's limit");
    }
  }
}
