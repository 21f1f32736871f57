package org.tarflowlm.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.command.Json;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.corpus.Corpora;
import org.tarflowlm.data.corpus.Corpus;
import org.tarflowlm.data.corpus.Corpus.Split;
import org.tarflowlm.data.corpus.CorpusStats;
import org.tarflowlm.data.documents.Text8Cleaner;
import org.tarflowlm.data.file.CacheFolder;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.init.GridOrder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Works with corpora: the literature's by name, and the user's own files. */
@Command(name = "data", mixinStandardHelpOptions = true,
    description = "List, fetch and verify standard corpora; inspect and clean your own files.",
    footer = {"", "Files go to ~/.cache/tarflowlm; TARFLOWLM_CACHE names another folder, and TARFLOWLM_OFFLINE=1 forbids fetching."})
final class DataCommand extends BaseCommand {
  private static final double MEGA = 1e6;

  @Command(name = "list", mixinStandardHelpOptions = true,
      description = "List the known corpora, whether each is fetched, and the names of their parts for commands.")
  void list(@Option(names = "--json", description = "Print one JSON object.") boolean json) {
    Corpora corpora = Corpora.fromEnvironment();
    if (json) {
      out().println(Json.of(Map.of("corpora", corpora.all().stream().map(c -> entry(corpora, c)).toList())));
      return;
    }
    for (Corpus corpus : corpora.all()) {
      out().printf("%-12s %9.1f MB  %-9s  %s%n", corpus.name(), corpus.archive().length() / MEGA,
          corpora.isFetched(corpus) ? "fetched" : "-", corpus.description());
      for (Split split : corpus.splits()) {
        out().printf("  %-28s %s%n", corpus.name() + ":" + split.name(), split.size());
      }
    }
  }

  private static Map<String, Object> entry(Corpora corpora, Corpus corpus) {
    return Json.object("name", corpus.name(), "description", corpus.description(), "homepage", corpus.homepage(),
        "licence", corpus.licence(), "address", corpus.archive().uri().toString(), "bytes", corpus.archive().length(),
        "sha256", corpus.archive().sha256(), "tokenizer", corpus.tokenizerName(), "file", corpora.file(corpus).toString(),
        "fetched", corpora.isFetched(corpus),
        "splits", corpus.splits().stream().map(split -> Json.object("name", corpus.name() + ":"
            + split.name(), "size", split.size())).toList());
  }

  @Command(name = "fetch", mixinStandardHelpOptions = true,
      description = "Fetch a corpus into the cache folder; an interrupted fetch continues where it stopped.")
  void fetch(@Parameters(paramLabel = "NAME", description = "A name that data list shows.") String name) {
    Corpora corpora = Corpora.fromEnvironment();
    out().println(corpora.fetch(corpora.byName(name), ModelOption.fetching(err())));
  }

  @Command(name = "verify", mixinStandardHelpOptions = true,
      description = "Check the length and SHA-256 of fetched corpora, packed and unpacked; default: all.")
  int verify(@Parameters(paramLabel = "NAME", arity = "0..*", description = "A name that data list shows.") List<String> names) {
    Corpora corpora = Corpora.fromEnvironment();
    List<Corpus> chosen = names == null || names.isEmpty()
        ? corpora.all().stream().filter(c -> Files.exists(corpora.file(c))).toList()
        : names.stream().map(corpora::byName).toList();
    if (chosen.isEmpty()) {
      throw new DataException("no corpus is in the cache folder " + CacheFolder.fromEnvironment().root());
    }
    int wrong = 0;
    for (Corpus corpus : chosen) {
      try {
        corpora.verify(corpus);
        out().println(corpus.name() + ": right");
      } catch (DataException e) {
        wrong++;
        err().println("tarflowlm: " + e.getMessage());
      }
    }
    return wrong == 0 ? 0 : 1;
  }

  @Command(name = "stats", mixinStandardHelpOptions = true, description = "Count the tokens, documents and symbols of a file or folder.")
  void stats(@Parameters(paramLabel = "FILE", description = "Text, archive.zip#member, .tar.xz, .jsonl or folder; "
      + "or a part of a corpus, such as text8:test.") String file,
      @Option(names = "--tokenizer", paramLabel = "NAME", defaultValue = "text8", description = "text8, bytes or gpt2 (default: text8).")
      String tokenizer,
      @Option(names = "--json", description = "Print one JSON object.") boolean json,
      @Mixin DocumentArguments documents) {
    CorpusStats stats = stats(file, Tokenizers.byName(tokenizer), documents);
    if (json) {
      out().println(Json.of(stats));
      return;
    }
    out().printf("file          %s%n", stats.input());
    if (stats.bytes() >= 0) {
      out().printf("bytes         %,d%n", stats.bytes());
    }
    out().printf("tokens        %,d (%s)%n", stats.tokens(), stats.tokenizer());
    if (stats.documents() >= 0) {
      out().printf("documents     %,d%n", stats.documents());
    }
    out().printf("distinct ids  %,d of %,d%n", stats.distinct(), stats.vocabSize());
    out().printf("unigram bits  %.4f per token%n", stats.unigramBits());
    if (stats.foreign() > 0) {
      out().printf("foreign       %,d bytes outside the alphabet, the first at offset %,d%n", stats.foreign(), stats.firstForeign());
    }
    if (stats.emptyDocuments() > 0) {
      out().printf("empty         %,d documents%n", stats.emptyDocuments());
    }
    if (stats.badDocuments() > 0) {
      out().printf("left out      %,d bad documents; one of them: %s%n", stats.badDocuments(), stats.firstBad());
    }
    if (stats.otherFiles() > 0) {
      out().printf("other files   %,d, such as %s%n", stats.otherFiles(), stats.firstOther());
    }
  }

  private static CorpusStats stats(String name, Tokenizer tokenizer, DocumentArguments documents) {
    InputFile file = InputFile.parse(name);
    if (Files.exists(file.path())) {
      return CorpusStats.of(file, tokenizer, documents.options());
    }
    try (TokenSequence tokens = documents.corpora().open(name, tokenizer)) {
      return CorpusStats.of(name, tokens, tokenizer);
    }
  }

  @Command(name = "grid-order", mixinStandardHelpOptions = true,
      description = {"Find the order in which to assign tokens to a codebook's grid points, from token pairs in a training text:",
          "the value for codebook.order in a configuration with layout GRID and Mix-1 flows."})
  void gridOrder(@Parameters(paramLabel = "FILE", description = "Training text, as for stats.") String file,
      @Option(names = "--tokenizer", paramLabel = "NAME", defaultValue = "text8", description = "text8 or bytes (default: text8).")
      String tokenizer,
      @Option(names = "--channels", paramLabel = "D", defaultValue = "5", description = "latentDim of the model (default: 5).")
      int channels,
      @Mixin DocumentArguments documents) {
    try (TokenSequence tokens = documents.corpora().open(file, Tokenizers.byName(tokenizer))) {
      out().println(GridOrder.of(tokens, channels));
    }
  }

  @Command(name = "clean", mixinStandardHelpOptions = true, description = "Turn a text into text8's form: a to z and single spaces.")
  void clean(@Parameters(paramLabel = "FILE", description = "UTF-8 text, plain or compressed.") String file,
      @Parameters(paramLabel = "TARGET", description = "File to write; must not exist.") Path target) {
    if (Files.exists(target)) {
      throw new DataException(target + " exists already; expected the name of a new file");
    }
    long written = Text8Cleaner.cleanFile(InputFile.parse(file), target);
    out().printf("%,d characters in %s%n", written, target);
  }
}
