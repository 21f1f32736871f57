package org.tarflowlm.cli;

import java.time.Duration;
import java.util.List;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.data.file.CacheFolder;
import org.tarflowlm.serve.PlaygroundServer;
import org.tarflowlm.serve.ServeOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Serves models over HTTP until the process is stopped. */
@Command(name = "serve", mixinStandardHelpOptions = true, description = {
    "Serve models over HTTP: a playground page for browsers, OpenAI's completions for programs, and what only flows can do.",
    "Only this machine can connect, unless --host says otherwise. Ctrl-C ends it. See docs/serving.md."})
final class ServeCommand extends BaseCommand {
  @Option(names = "--model", paramLabel = "MODEL", description = "A model, as for generate; may be given more than once. The first "
      + "answers requests that do not name a model; default: text8-mixd.")
  private List<String> models = List.of(TarFlowLM.DEFAULT);

  @Option(names = "--host", paramLabel = "ADDRESS", defaultValue = "127.0.0.1",
      description = "Address to listen on; 0.0.0.0 lets other machines connect; default ${DEFAULT-VALUE}.")
  private String host;

  @Option(names = "--port", paramLabel = "N", defaultValue = "8080",
      description = "Port to listen on; 0 takes a free one; default ${DEFAULT-VALUE}.")
  private int port;

  @Option(names = "--allow-host", paramLabel = "NAME", description = "A name by which clients may reach this server, besides localhost and "
      + "IP addresses; may be given more than once.")
  private List<String> allowedHosts = List.of();

  @Option(names = "--allow-origin", paramLabel = "ORIGIN", description = "A web site whose pages may call this server, such as "
      + "https://example.org; may be given more than once; default: none.")
  private List<String> allowedOrigins = List.of();

  @Option(names = "--max-body", paramLabel = "BYTES", description = "Largest request body; default 262144.")
  private int maxBody = ServeOptions.defaults().maxBody();

  @Option(names = "--max-tokens", paramLabel = "N", description = "Most tokens per text, including the prompt; default 2048.")
  private int maxTokens = ServeOptions.defaults().maxTokens();

  @Option(names = "--max-texts", paramLabel = "N", description = "Most texts per request; default 16.")
  private int maxTexts = ServeOptions.defaults().maxTexts();

  @Option(names = "--time-limit", paramLabel = "SECONDS", description = "Longest time for a request, including waiting; default 60.")
  private int timeLimit = (int) ServeOptions.defaults().timeLimit().toSeconds();

  @Option(names = "--queue", paramLabel = "N", description = "Requests that may wait; further ones get status 429; default 64.")
  private int queue = ServeOptions.defaults().queue();

  @Option(names = "--workers", paramLabel = "N", description = "Requests computed at once; default: one per core.")
  private int workers = ServeOptions.defaults().workers();

  @Option(names = "--max-connections", paramLabel = "N", description = "Open connections; default 512.")
  private int maxConnections = ServeOptions.defaults().maxConnections();

  @Override
  public Integer call() {
    ServeOptions options = options();
    List<TarFlowLM> loaded = models.stream()
        .map(each -> TarFlowLM.resolve(each, CacheFolder.fromEnvironment(), ModelOption.fetching(err()))).toList();
    try (PlaygroundServer server = new PlaygroundServer(loaded, options)) {
      Runtime.getRuntime().addShutdownHook(new Thread(server::close, "tarflowlm-serve-close"));
      out().println("Serving " + String.join(", ", models) + " at http://"
          + (host.contains(":") ? "[" + host + "]" : host) + ":" + server.address().getPort() + "/");
      server.awaitClose();
    }
    return 0;
  }

  private ServeOptions options() {
    try {
      return ServeOptions.defaults().withAddress(host, port).withAllowed(allowedHosts, allowedOrigins)
          .withSizes(maxBody, maxTokens, maxTexts).withLoad(Duration.ofSeconds(timeLimit), queue, workers, maxConnections);
    } catch (IllegalArgumentException e) {
      throw wrong(GenerationArguments.asOption(e.getMessage()));
    }
  }
}
