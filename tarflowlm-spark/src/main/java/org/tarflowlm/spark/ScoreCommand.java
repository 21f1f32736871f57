package org.tarflowlm.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sum;

import java.util.Locale;
import org.apache.spark.sql.Row;
import org.tarflowlm.Score;
import org.tarflowlm.ScoringOptions;
import org.tarflowlm.TarFlowLM;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Scores every row. */
@Command(name = "score", mixinStandardHelpOptions = true, description = "Compute how many bits per character a model needs for the text of "
    + "each row, and for all rows together.")
final class ScoreCommand extends Commands.OnSpark {
  @Mixin
  private Tables tables;

  @Option(names = "--model", paramLabel = "MODEL", description = "A checkpoint of the zoo, a folder or archive that every machine sees, "
      + "https://.../NAME.zip#sha256=HASH, or spark-files:NAME for a file sent by spark-submit --files; default: text8-mixd.")
  private String model = TarFlowLM.DEFAULT;

  @Option(names = "--column", paramLabel = "NAME", description = "Column of the texts; default: text.")
  private String column = "text";

  @Option(names = "--one-text", description = "--input is one text, as for the local command, on storage that every machine sees or "
      + "hdfs://... or similar; tasks share its windows. Nothing is written.")
  private boolean oneText;

  @Option(names = "--max-chars", paramLabel = "N", description = "Score only the first N characters of a row.")
  private long maxCharacters = Long.MAX_VALUE;

  @Option(names = "--seed", paramLabel = "S", description = "Seed of the encoder's noise; default 1.")
  private long seed = 1;

  @Option(names = "--samples", paramLabel = "K", description = "Samples of the encoder's noise; default 1, the ELBO.")
  private int samples = 1;

  @Option(names = "--stride", paramLabel = "N", description = "Keep earlier text as context: start a window every N tokens; default: none.")
  private int stride;

  @Option(names = "--models-per-executor", paramLabel = "N", description = "Most copies of the model per JVM; default: one per task.")
  private int models;

  @Option(names = "--json", description = "Print one JSON object: model, bound, bitsPerCharacter, characters, rows, errors, seconds, "
      + "output.")
  private boolean json;

  @Override
  public void run() {
    if (!oneText) {
      tables.requireOutput(command());
    } else if (tables.output() != null) {
      throw new ParameterException(command(), "--output was given with --one-text; expected one of them");
    }
    SparkOptions options = SparkOptions.of(model).withScoring(new ScoringOptions(seed, samples, maxCharacters, stride, false))
        .withModelsPerExecutor(models).withMixedMachines(session.mixedMachines());
    session.run(spark -> {
      long begin = System.nanoTime();
      if (oneText) {
        Score score = TarFlowSpark.scoreText(spark, tables.input(), options);
        print(score, (System.nanoTime() - begin) / 1e9);
        return;
      }
      // Decimals give the same sum in any order.
      Row all = tables.write(spark, TarFlowSpark.score(tables.read(spark), column, options)).agg(count(lit(1)), count(col("error")),
          sum("characters"), sum(col("bits_per_character").multiply(col("characters")).cast("decimal(38,12)")).cast("double"),
          org.apache.spark.sql.functions.max("bound")).first();
      print(all, (System.nanoTime() - begin) / 1e9);
    });
  }

  private void print(Score score, double seconds) {
    if (json) {
      out().println(Commands.json("model", model, "bound", score.bound().name(),
          "bitsPerCharacter", score.bitsPerCharacter(),
          "standardError", Double.isNaN(score.standardError()) ? null : score.standardError(), "characters", score.characters(),
          "seconds", seconds));
      return;
    }
    out().printf(Locale.ROOT, "%.4f bits per character (%s)%n%,d characters of %s in %.1f s, model %s%n",
        score.bitsPerCharacter(), score.bound().name(), score.characters(), tables.input(), seconds, model);
  }

  private void print(Row all, double seconds) {
    Long characters = all.isNullAt(2) ? null : all.getLong(2);
    Double bits = characters == null ? null : all.getDouble(3) / characters;
    if (json) {
      out().println(Commands.json("model", model, "bound", all.get(4), "bitsPerCharacter", bits,
          "characters", characters == null ? 0 : characters, "rows", all.getLong(0), "errors", all.getLong(1), "seconds", seconds,
          "output", tables.output()));
      return;
    }
    String figure = bits == null ? "no row could be scored"
        : String.format(Locale.ROOT, "%.4f bits per character (%s), %,d characters", bits, all.get(4), characters);
    out().printf(Locale.ROOT, "%s%n%,d rows, %,d with an error, in %.1f s to %s, model %s%n", figure, all.getLong(0),
        all.getLong(1), seconds, tables.output(), model);
  }
}
