package org.tarflowlm.serve;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.FullHttpRequest;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;

/**
 * A client's connection. It answers requests one after another and keeps reading meanwhile, so that it notices at once when the client
 * disconnects. It closes if the client takes too long to send a request.
 */
final class Connection extends SimpleChannelInboundHandler<FullHttpRequest> {
  private static final Logger LOG = LogManager.getLogger(Connection.class);
  private static final int MOST_PIPELINED = 16;

  private final Gate gate;
  private final long secondsToSend;
  private final long secondsBetween;
  private final Consumer<Exchange> router;
  private final Deque<FullHttpRequest> waiting = new ArrayDeque<>();
  private Exchange current;
  private ScheduledFuture<?> patience;

  /**
   * @param secondsToSend limit for the first request to arrive, counted from the connection's start
   * @param secondsBetween limit for a further request, counted from the last answer
   */
  Connection(Gate gate, long secondsToSend, long secondsBetween, Consumer<Exchange> router) {
    this.gate = gate;
    this.secondsToSend = secondsToSend;
    this.secondsBetween = secondsBetween;
    this.router = router;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    waitForRequest(context, secondsToSend);
  }

  private void waitForRequest(ChannelHandlerContext context, long seconds) {
    patience = context.executor().schedule(() -> context.close(), seconds, TimeUnit.SECONDS);
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
    waiting.add(request.retain());
    if (waiting.size() > MOST_PIPELINED) {
      context.close();
    } else {
      answerNext(context);
    }
  }

  private void answerNext(ChannelHandlerContext context) {
    FullHttpRequest request = current == null ? waiting.poll() : null;
    if (request == null) {
      return;
    }
    patience.cancel(false);
    current = new Exchange(context, request, gate, () -> answered(context));
    router.accept(current);
  }

  private void answered(ChannelHandlerContext context) {
    current.request().release();
    current = null;
    waitForRequest(context, secondsBetween);
    answerNext(context);
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    if (patience != null) {
      patience.cancel(false);
    }
    waiting.forEach(FullHttpRequest::release);
    waiting.clear();
    if (current != null) {
      current.disconnected();
      current.request().release();
      current = null;
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
    LOG.debug("connection failed", failure);
    context.close();
  }
}
