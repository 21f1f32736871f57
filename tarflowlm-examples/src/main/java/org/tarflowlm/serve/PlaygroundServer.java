package org.tarflowlm.serve;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.tarflowlm.TarFlowLM;

/**
 * An HTTP server for models: a page for people, OpenAI's completions and the flows for programs. docs/serving.md describes it.
 *
 * <p>Netty's threads parse requests; separate threads compute the answers. A request ends when it is answered, its time is up or its
 * client has disconnected, whichever comes first.
 */
public final class PlaygroundServer implements AutoCloseable {
  private static final int PARSERS = 2;
  private static final int SECONDS_TO_SEND = 30;
  /** Longer than the longest Retry-After, so that a client that obeys it finds its connection open. */
  private static final int SECONDS_BETWEEN = Jobs.LONGEST_RETRY + 15;

  private final ServeOptions options;
  private final Map<String, ServedModel> models = new LinkedHashMap<>();
  private final Jobs jobs;
  private final Router router;
  private final EventLoopGroup loops = new NioEventLoopGroup(PARSERS, new DefaultThreadFactory("tarflowlm-http", true));
  private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private final Channel listening;
  private boolean closed;

  /**
   * Starts to serve.
   *
   * @param models at least one, with different names; the first answers requests that do not name a model. The server closes them
   * @throws IllegalArgumentException if there is no model, or two have one name
   * @throws UncheckedIOException if the address is in use or does not belong to this machine
   */
  public PlaygroundServer(List<TarFlowLM> models, ServeOptions options) {
    if (models.isEmpty()) {
      throw new IllegalArgumentException("there is no model to serve; expected at least one");
    }
    this.options = options;
    for (TarFlowLM each : models) {
      if (this.models.put(each.name(), new ServedModel(each)) != null) {
        throw new IllegalArgumentException("the model " + each.name() + " was given twice");
      }
    }
    jobs = new Jobs(options.workers(), options.queue());
    Metrics metrics = new Metrics();
    metrics.gauge("queue_length", "Requests that wait for a worker.", jobs::waiting);
    metrics.gauge("running_requests", "Requests that are being computed.", jobs::running);
    metrics.gauge("connections", "Open connections.", connections::size);
    Gate gate = new Gate(options.allowedHosts(), options.allowedOrigins());
    router = new Router(options, gate, jobs, metrics, this.models, this::limitTime);
    this.models.values().forEach(ServedModel::warmUp);
    listening = listen(gate);
  }

  private Channel listen(Gate gate) {
    try {
      return new ServerBootstrap().group(loops).channel(NioServerSocketChannel.class).option(ChannelOption.SO_BACKLOG, 1024)
          .childHandler(new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
              if (connections.size() >= options.maxConnections()) {
                channel.close();
                return;
              }
              connections.add(channel);
              channel.pipeline().addLast(new HttpServerCodec(), new Aggregator(options.maxBody()),
                  new Connection(gate, SECONDS_TO_SEND, SECONDS_BETWEEN, router));
            }
          }).bind(new InetSocketAddress(options.host(), options.port())).syncUninterruptibly().channel();
    } catch (Exception e) { // Netty throws the socket's exceptions undeclared
      close();
      if (e instanceof IOException io) {
        throw new UncheckedIOException(new IOException(options.host() + ":" + options.port() + ": " + io.getMessage(), io));
      }
      throw e instanceof RuntimeException runtime ? runtime : new IllegalStateException(e);
    }
  }

  /** Passes on a request with too large a body, without the body, so that the router refuses it. */
  private static final class Aggregator extends HttpObjectAggregator {
    Aggregator(int maxBody) {
      super(maxBody, true);
    }

    @Override
    protected void handleOversizedMessage(ChannelHandlerContext context, HttpMessage message) {
      HttpRequest head = (HttpRequest) message;
      FullHttpRequest request = new DefaultFullHttpRequest(head.protocolVersion(), head.method(), head.uri(), Unpooled.EMPTY_BUFFER,
          head.headers(), EmptyHttpHeaders.INSTANCE);
      request.setDecoderResult(DecoderResult.failure(new Exchange.TooLargeException(maxContentLength())));
      context.fireChannelRead(request);
    }
  }

  private void limitTime(Exchange exchange) {
    Future<?> timer = loops.schedule(() -> exchange.cancel(ApiException.tooSlow(options.timeLimit().toSeconds())),
        options.timeLimit().toMillis(), TimeUnit.MILLISECONDS);
    exchange.onEnd(status -> timer.cancel(false));
  }

  /** The address that the server listens on. */
  public InetSocketAddress address() {
    return (InetSocketAddress) listening.localAddress();
  }

  TreeSet<String> paths() {
    return router.paths();
  }

  Jobs jobs() {
    return jobs;
  }

  /** Waits until another thread closes the server. */
  public void awaitClose() {
    listening.closeFuture().awaitUninterruptibly();
  }

  /** Stops accepting requests, gives running ones a few seconds to finish, and frees the models. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (listening != null) {
      listening.close().awaitUninterruptibly();
    }
    jobs.close();
    connections.close().awaitUninterruptibly(5, TimeUnit.SECONDS);
    loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly(10, TimeUnit.SECONDS);
    models.values().forEach(ServedModel::close);
  }
}
