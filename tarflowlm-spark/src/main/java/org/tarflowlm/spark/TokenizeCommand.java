package org.tarflowlm.spark;

import java.util.List;
import java.util.Locale;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.tarflowlm.data.tokens.TokenShards;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Turns a corpus into token-cache shards. */
@Command(name = "tokenize", mixinStandardHelpOptions = true, description = {"Tokenise a corpus into a folder of shards, which train reads "
    + "as one text.", "Run the same command again to continue a killed job."})
final class TokenizeCommand extends Commands.OnSpark {
  @Option(names = "--input", required = true, paramLabel = "PATH", description = "A file or folder of documents as the local commands read "
      + "them (.txt, .jsonl, archives), or with --column rows of Parquet; on any file system that Spark reads.")
  private String input;

  @Option(names = "--column", paramLabel = "NAME", description = "Column of documents, if --input is Parquet.")
  private String column;

  @Option(names = "--order", split = ",", paramLabel = "NAME", description = "Columns that together identify a row and put the "
      + "documents in order; needed with --column.")
  private List<String> order;

  @Option(names = "--tokenizer", required = true, paramLabel = "NAME", description = "text8, bytes or gpt2.")
  private String tokenizer;

  @Option(names = "--output", required = true, paramLabel = "PATH", description = "Folder of the shards.")
  private String output;

  @Option(names = "--shard-megabytes", paramLabel = "N", description = "Size of a shard's files together; default 256.")
  private int shardMegabytes = 256;

  @Option(names = "--shard-documents", paramLabel = "N", description = "With --column: rows per shard; default 100000.")
  private int shardDocuments = 100_000;

  @Mixin
  private Commands.Documents documents;

  @Option(names = "--json", description = "Print one JSON object: output, tokenizer, tokens, documents, shards, seconds.")
  private boolean json;

  @Override
  public void run() {
    if ((column == null) != (order == null)) {
      throw new ParameterException(command(), "--column and --order belong together; expected both or none");
    }
    if (shardMegabytes < 1 || shardDocuments < 1) {
      throw new ParameterException(command(), "--shard-megabytes is " + shardMegabytes + " and --shard-documents " + shardDocuments
          + "; expected at least 1");
    }
    session.run(spark -> {
      long begin = System.nanoTime();
      SparkTokenizer job = new SparkTokenizer(spark, tokenizer, documents.options(), output);
      TokenShards.Index index;
      if (column == null) {
        index = job.files(input, 1_000_000L * shardMegabytes);
      } else {
        Dataset<Row> rows = Tables.parquet(spark, input);
        index = job.rows(rows, column, order, shardDocuments);
      }
      print(index, (System.nanoTime() - begin) / 1e9);
    });
  }

  private void print(TokenShards.Index index, double seconds) {
    long tokens = index.shards().stream().mapToLong(TokenShards.Shard::tokens).sum() + index.shards().size() - 1;
    if (json) {
      out().println(Commands.json("output", output, "tokenizer", index.tokenizer(), "tokens", tokens,
          "documents", index.documents(), "shards", index.shards().size(), "seconds", seconds));
      return;
    }
    out().printf(Locale.ROOT, "%,d tokens of %,d documents in %d shards, %.1f s, in %s%n", tokens, index.documents(),
        index.shards().size(), seconds, output);
  }
}
