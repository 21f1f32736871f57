package org.tarflowlm.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.json.RecordJson;
import org.tarflowlm.train.RunConfig;
import org.tarflowlm.train.TrainingSpec;
import picocli.CommandLine;

/** The commands run in a session that already exists. */
@ExtendWith(Cluster.class)
class CommandsTest {
  @TempDir private Path folder;
  private String tiny;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeEach
  void saveAModel() throws IOException {
    tiny = folder.resolve("tiny").toString();
    Cluster.tiny().save(Path.of(tiny));
    Files.writeString(folder.resolve("texts.jsonl"),
        "{\"text\": \"the whale\", \"n\": 1}\n{\"text\": \"some years ago\"}\n{\"text\": \"?\"}\n");
  }

  private int run(String arguments) {
    Cluster.SPARK.range(1); // opens the session
    List<String> words = new ArrayList<>();
    for (String word : arguments.split(" ")) {
      words.add(word.replace("DIR", folder.toString()));
    }
    return Commands.execute(new PrintWriter(out, true), new PrintWriter(err, true), words.toArray(String[]::new));
  }

  @Test
  void scoresAndTextsOfRowsAreWritten() throws IOException {
    assertEquals(0, run("score --input DIR/texts.jsonl --model DIR/tiny --output DIR/scored --partitions 2 --json"), err.toString());
    JsonNode result = new ObjectMapper().readTree(out.toString());
    try (TarFlowLM local = TarFlowLM.of(Cluster.tiny())) {
      double bits = local.score("the whale").bitsPerCharacter() * 9 + local.score("some years ago").bitsPerCharacter() * 14;
      assertEquals(bits / 23, result.get("bitsPerCharacter").doubleValue(), 1e-9);
    }
    assertEquals(List.of("3", "1", "ELBO"),
        List.of(result.get("rows").asText(), result.get("errors").asText(), result.get("bound").asText()));
    assertEquals(0, run("generate --input DIR/texts.jsonl --model DIR/tiny --output DIR/texts-out.jsonl --tokens 5"), err.toString());
    assertTrue(out.toString().contains("3 rows, 1 with an error"), out.toString());
  }

  @Test
  void theCommandsOfThePageParse() throws IOException {
    Matcher command = Pattern.compile("^\\./tarflowlm spark (.*)$", Pattern.MULTILINE)
        .matcher(Files.readString(Path.of("../docs/spark.md")));
    int found = 0;
    while (command.find()) {
      new CommandLine(new Commands()).parseArgs(command.group(1).split(" "));
      found++;
    }
    assertTrue(found >= 4, "commands on the page: " + found);
  }

  @Test
  void shardsAreTrainedOn() throws IOException {
    Files.writeString(folder.resolve("text.txt"), "call me ishmael some years ago never mind how long precisely ".repeat(20).strip());
    assertEquals(0, run("tokenize --input DIR/text.txt --tokenizer text8 --output DIR/shards"), err.toString());
    Files.writeString(folder.resolve("run.json"), RecordJson.write(new RunConfig("text8", Cluster.tinyConfig(),
        TrainingSpec.of(4).withBatchSize(2).withSeed(5L).withValidation(4, 4).withCheckpointEvery(4).withLogEvery(2))));
    assertEquals(0, run("train --config DIR/run.json --train DIR/shards --valid DIR/shards --out DIR/run --workers 2 --round 2"),
        err.toString());
    assertTrue(out.toString().contains("finished after 4 of 4 steps of 2 workers, 128 tokens"), out.toString());
    assertTrue(Files.exists(folder.resolve("run/best")));
    String train = "train --config DIR/run.json --train DIR/shards --valid DIR/shards --round 2 ";
    assertOneLine(train + "--out DIR/run --workers 2", 1, "tarflowlm: output folder DIR/run");
    assertOneLine(train + "--out DIR/run --workers 3 --resume", 1,
        "tarflowlm: DIR/run was started with 2 workers and rounds of 2 updates; expected the same, not 3 and 2");
    assertOneLine("tokenize --input DIR/text.txt --tokenizer text8 --output DIR/shards", 1,
        "tarflowlm: DIR/shards holds finished shards; expected a new folder");
    assertEquals(0, run("tokenize --input DIR/text.txt --tokenizer gpt2 --output DIR/others"), err.toString());
    String others = "tarflowlm: DIR/others holds ids of tokenizer gpt2; expected text8";
    assertOneLine(train.replace("DIR/shards", "DIR/others") + "--out DIR/x --workers 2", 1, others);
    assertOneLine("score --model DIR/tiny --input DIR/others --one-text", 1, others);
  }

  @Test
  void columnsOfParquetThatDoNotFitAreNamed() {
    Cluster.texts(List.of("a", "b"), 1).write().parquet(folder.resolve("rows").toString());
    String tokenize = "tokenize --tokenizer gpt2 --output DIR/x --input DIR/rows ";
    assertOneLine(tokenize + "--column none --order id", 1, "tarflowlm: the data have no column none; expected one of id, text");
    assertOneLine(tokenize + "--column id --order id", 1, "tarflowlm: column id is bigint; expected string");
    assertOneLine(tokenize + "--column text --order none", 1, "tarflowlm: the data have no column none; expected one of id, text");
    assertOneLine(tokenize.replace("/rows", "/texts.jsonl") + "--column text --order id", 1,
        "tarflowlm: DIR/texts.jsonl cannot be read as Parquet");
  }

  /** Executors work in folders of their own, where this one's relative name leads nowhere. */
  @Test
  void aFileThatExecutorsDoNotHaveIsNamedWithTheExecutor() throws IOException {
    Path text = Files.writeString(Path.of("target", "here-only.text8"), "call me ishmael ".repeat(20).strip());
    assertEquals(0, run("score --model DIR/tiny --one-text --input " + text), err.toString());
    Broadcast<SerializableConfiguration> hadoop = new JavaSparkContext(Cluster.SPARK.sparkContext())
        .broadcast(new SerializableConfiguration(Cluster.SPARK.sparkContext().hadoopConfiguration()));
    JavaRDD<Long> lengths = new JavaSparkContext(Cluster.SPARK.sparkContext()).parallelize(List.of(text.toString()), 1)
        .map(name -> RemoteWorker.open(name, "text8", DocumentOptions.DEFAULT, hadoop.value().value()).length());
    String message = Commands.message(assertThrows(SparkException.class, lengths::collect));
    assertTrue(message.matches("executor \\d+ on \\S+: file " + text + " does not exist"), message);
  }

  @Test
  void anOldSparkIsNamed() {
    assertEquals("Spark is 3.4.4; expected 3.5 or newer",
        assertThrows(IllegalStateException.class, () -> SparkVersion.require("3.4.4")).getMessage());
    SparkVersion.require("4.2.0-preview1");
    SparkVersion.require();
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "score --input DIR/texts.jsonl --output DIR/x --column n | 1 | tarflowlm: column n is bigint; expected string",
      "generate --input DIR/texts.jsonl --output DIR/x --model DIR/tiny --seed-column text | 1 | tarflowlm: column text is string;",
      "generate --input DIR/texts.jsonl --output DIR/tiny --model DIR/tiny | 1 | tarflowlm: DIR/tiny exists; expected",
      "score --input DIR/texts.jsonl --output DIR/x --model nothing | 1 | tarflowlm: 'nothing' is neither a checkpoint of",
      "score --input DIR/texts.jsonl --output DIR/x --format parquet | 1 | tarflowlm: DIR/texts.jsonl cannot be read as Parquet",
      "score --input DIR/none --one-text | 1 | tarflowlm: file DIR/none does not exist",
      "tokenize --input DIR/none --output DIR/x --tokenizer gpt2 | 1 | tarflowlm: no such file: DIR/none",
      "tokenize --input DIR/none --output DIR/x --tokenizer gpt2 --column a --order b | 1 | tarflowlm: no such file: DIR/none",
      "tokenize --input DIR --output DIR/x --tokenizer klingon | 1 | tarflowlm: tokenizer \"klingon\" is not known; expected one of",
      "train --config DIR/none.json --train a --valid a --out DIR/x --workers 2 | 1 | tarflowlm: DIR/none.json: no such file",
      "score --input DIR/none.jsonl --output DIR/x | 1 | tarflowlm: no such file: DIR/none.jsonl",
      "score --input DIR/texts.jsonl --output DIR/tiny --model DIR/tiny | 1 | tarflowlm: DIR/tiny exists; expected",
      "score --input DIR/texts.jsonl --output DIR/x --column a | 1 | tarflowlm: the data have no column a; expected one of n, text",
      "tokenize --input DIR --output DIR/x --tokenizer gpt2 --column a | 2 | tarflowlm spark tokenize: --column and --order belong",
      "score --input DIR/texts.jsonl | 2 | tarflowlm spark score: Missing required option: '--output=PATH'",
      "score --input DIR/texts.jsonl --output DIR/x --one-text | 2 | tarflowlm spark score: --output was given with --one-text",
      "score --input shared://DIR/none.txt --one-text | 1 | tarflowlm: no such file: shared://DIR/none.txt",
      "score --input none://a/b --one-text | 1 | tarflowlm: No FileSystem for scheme",
      "score | 2 | tarflowlm spark score: Missing required option"})
  void badInputIsOneLine(String arguments, int code, String line) {
    assertOneLine(arguments, code, line);
  }

  private void assertOneLine(String arguments, int code, String line) {
    err.getBuffer().setLength(0);
    assertEquals(code, run(arguments), err.toString());
    assertTrue(err.toString().startsWith(line.replace("DIR", folder.toString())), err.toString());
    assertEquals(1, err.toString().lines().count(), err.toString());
  }
}
