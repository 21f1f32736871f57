package org.tarflowlm.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;

import java.util.List;
import java.util.Locale;
import org.apache.spark.sql.Row;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.generate.GenerationOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Continues every row's text. */
@Command(name = "generate", mixinStandardHelpOptions = true, description = "Continue the text of each row.")
final class GenerateCommand extends Commands.OnSpark {
  @Mixin
  private Tables tables;

  @Option(names = "--model", paramLabel = "MODEL", description = "As for score; default: text8-mixd.")
  private String model = TarFlowLM.DEFAULT;

  @Option(names = "--column", paramLabel = "NAME", description = "Column of the prompts; default: text.")
  private String column = "text";

  @Option(names = "--seed-column", paramLabel = "NAME", description = "Integer column with the seed of each row; default: --seed for all.")
  private String seedColumn;

  @Option(names = {"--tokens", "--max-new-tokens"}, paramLabel = "N", description = "Tokens to generate.")
  private Integer tokens;

  @Option(names = "--temperature", paramLabel = "T", description = "Divides logits; above 0.")
  private Double temperature;

  @Option(names = "--noise-temperature", paramLabel = "T", description = "Standard deviation of a flow model's base noise; above 0.")
  private Double noiseTemperature;

  @Option(names = "--top-k", paramLabel = "K", description = "Choose among the K most probable tokens; 0: all.")
  private Integer topK;

  @Option(names = "--top-p", paramLabel = "P", description = "Choose among the most probable tokens, whose probabilities sum to P.")
  private Double topP;

  @Option(names = "--seed", paramLabel = "S", description = "Same seed, same text.")
  private Long seed;

  @Option(names = {"--stop", "--stop-strings"}, paramLabel = "TEXT", description = "End with this text; may be given more than once.")
  private List<String> stopStrings;

  @Option(names = "--models-per-executor", paramLabel = "N", description = "Most copies of the model in a JVM; default: one per task.")
  private int models;

  @Option(names = "--json", description = "Print one JSON object: model, options, rows, errors, seconds, output.")
  private boolean json;

  @Override
  public void run() {
    tables.requireOutput(command());
    session.run(spark -> {
      long begin = System.nanoTime();
      // Options that are not given take the checkpoint's defaults, as in the local command.
      GenerationOptions generation = over(ModelPool.of(model).checkpoint().info().generation().options().withBatchSize(1));
      SparkOptions options = SparkOptions.of(model).withGeneration(generation).withSeedColumn(seedColumn).withModelsPerExecutor(models)
          .withMixedMachines(session.mixedMachines());
      Row all = tables.write(spark, TarFlowSpark.generate(tables.read(spark), column, options)).agg(count(lit(1)), count(col("error")))
          .first();
      print(generation, all, (System.nanoTime() - begin) / 1e9);
    });
  }

  private GenerationOptions over(GenerationOptions defaults) {
    GenerationOptions options = defaults;
    options = tokens == null ? options : options.withMaxNewTokens(tokens);
    options = temperature == null ? options : options.withTemperature(temperature);
    options = noiseTemperature == null ? options : options.withNoiseTemperature(noiseTemperature);
    options = topK == null ? options : options.withTopK(topK);
    options = topP == null ? options : options.withTopP(topP);
    options = seed == null ? options : options.withSeed(seed);
    return stopStrings == null ? options : options.withStopStrings(stopStrings);
  }

  private void print(GenerationOptions generation, Row all, double seconds) {
    if (json) {
      out().println(Commands.json("model", model, "options", generation, "rows", all.getLong(0),
          "errors", all.getLong(1), "seconds", seconds, "output", tables.output()));
      return;
    }
    out().printf(Locale.ROOT, "%,d rows, %,d with an error, in %.1f s to %s, model %s%n", all.getLong(0),
        all.getLong(1), seconds, tables.output(), model);
  }
}
