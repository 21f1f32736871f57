package org.tarflowlm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tarflowlm.command.Json;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.Archives;
import org.tarflowlm.data.Archives.Entry;
import org.tarflowlm.data.documents.Excerpt;
import org.tarflowlm.data.file.CacheFolder;
import org.tarflowlm.json.RecordJson;
import org.tarflowlm.train.RunConfig;

/** Commands take CORPUS:PART for a text. Small corpora stand in for the real ones, with their formats and names. */
class CorpusPartsTest {
  private static final String TEXT = Excerpt.text().substring(0, 4_000);

  @TempDir
  private static Path folder;

  @BeforeAll
  static void makeCorpora() throws IOException {
    System.setProperty(CacheFolder.ROOT_PROPERTY, folder.resolve("cache").toString());
    byte[] text = TEXT.getBytes(StandardCharsets.US_ASCII);
    Entry[] documents = new Entry[8];
    for (int i = 0; i < documents.length; i++) {
      documents[i] = new Entry(i + ".txt", TEXT.substring(500 * i, 500 * (i + 1)));
    }
    List<Map<String, Object>> tokens = List.of(Map.of("name", "train", "unit", "TOKENS", "to", 3_000),
        Map.of("name", "valid", "unit", "TOKENS", "from", 3_000, "to", 3_500), Map.of("name", "test", "unit", "TOKENS", "from", 3_500));
    List<Map<String, Object>> byDocument = List.of(Map.of("name", "train", "unit", "DOCUMENTS", "to", -2),
        Map.of("name", "valid", "unit", "DOCUMENTS", "from", -2));
    Files.createDirectories(folder.resolve("cache"));
    Files.writeString(folder.resolve("cache/corpora.json"), Json.of(List.of(
        corpus("text8", "text8.zip", Archives.zip(new Entry("text8", text)), Map.of("member", "text8", "length", -1), "text8", tokens),
        corpus("enwik8", "enwik8.zip", Archives.zip(new Entry("enwik8", text)), Map.of("member", "enwik8", "length", -1), "bytes", tokens),
        corpus("openwebtext", "openwebtext.tar.xz",
            Archives.xz(Archives.tar(new Entry("openwebtext/a_data.xz", Archives.xz(Archives.tar(documents))))),
            Map.of("length", -1), "gpt2", byDocument))));
    for (String name : List.of("text8", "enwik8", "openwebtext")) {
      Cli.run("data", "fetch", name).succeeds();
    }
  }

  private static Map<String, Object> corpus(String name, String file, byte[] archive, Map<String, Object> content, String tokenizer,
      List<Map<String, Object>> splits) throws IOException {
    Path published = Files.write(folder.resolve(file), archive);
    return Map.of("name", name, "archive", Map.of("uri", published.toUri().toString(), "length", archive.length), "content", content,
        "tokenizerName", tokenizer, "splits", splits);
  }

  @AfterAll
  static void clearSwitch() {
    System.clearProperty(CacheFolder.ROOT_PROPERTY);
  }

  @ParameterizedTest
  @CsvSource({"text8, text8, 27, test", "enwik8, bytes, 256, test", "openwebtext, gpt2, 50257, valid"})
  void trainAndScore(String corpus, String tokenizer, int vocabulary, String last) throws IOException {
    RunConfig tiny = TinyModels.run(2);
    TarFlowConfig model = tiny.model();
    String config = RecordJson.write(new RunConfig("text8", model, tiny.training()))
        .replace("\"tokenizer\" : \"text8\"", "\"tokenizer\" : \"" + tokenizer + "\"")
        .replace("\"vocabSize\" : 27", "\"vocabSize\" : " + vocabulary).replace("\"mixtures\" : 27", "\"mixtures\" : " + vocabulary);
    Path out = folder.resolve("run-" + corpus);
    Cli.run("train", "--config", Files.writeString(folder.resolve(corpus + ".json"), config), "--train", corpus + ":train", "--valid",
        corpus + ":valid", "--out", out).succeeds();
    JsonNode score = Cli.run("score", "--model", out.resolve("best"), "--input", corpus + ":" + last, "--json").succeeds().json();
    assertEquals(corpus.equals("openwebtext") ? 1_001 : 500, score.get("characters").asInt(), 13, score.toString());
    assertTrue(score.get("bitsPerCharacter").isNumber());
  }

  @Test
  void experimentBenchmarksAndEvaluations() throws IOException {
    Path model = folder.resolve("flows");
    TinyModels.checkpoint(ModelType.TARFLOW).save(model);
    Files.writeString(folder.resolve("row.json"), RecordJson.write(TinyModels.run(1)));
    Path spec = Files.writeString(folder.resolve("experiment.json"),
        "{\"title\": \"tiny\", \"rows\": [{\"name\": \"a\", \"label\": \"A\", \"config\": \"row.json\"}]}");
    JsonNode rows = Cli.run("experiment", "--spec", spec, "--train", "text8:train", "--valid", "text8:valid", "--test", "text8:test",
        "--samples", 1, "--out", folder.resolve("experiment"), "--json").succeeds().json();
    assertEquals(500, rows.get(0).get("scored").asInt(), rows.toString());
    assertEquals(0, Cli.run("bench", "round-trip", "--model", model, "--input", "text8:valid", "--windows", 2, "--json").succeeds().json()
        .get("wrongTokens").asInt());
    Cli.run("evaluate-samples", "--models", model, "--texts", 2, "--tokens", 16, "--temperatures", 1, "--reference", "text8:test")
        .succeeds();
    Cli.run("evaluate-infilling", "--model", model, "--twin", model, "--reference", "text8:test", "--pieces", 1, "--left", 8, "--gap", 2,
        "--right", 4, "--refinements", 0, "--join", 2).succeeds();
    assertEquals(500, Cli.run("data", "stats", "text8:test", "--json").succeeds().json().get("tokens").asInt());
    assertFalse(Cli.run("data", "grid-order", "text8:test").succeeds().out().isBlank());
  }

  @Test
  void whatIsWrongIsSaidInALine() throws IOException {
    Path model = folder.resolve("wrong");
    TinyModels.checkpoint(ModelType.TARFLOW).save(model);
    Cli.run("score", "--model", model, "--input", "text9:test")
        .fails(1, "corpus \"text9\" is not known; expected one of text8, enwik8, openwebtext");
    Cli.run("score", "--model", model, "--input", "text8:dev")
        .fails(1, "corpus text8 has no part \"dev\"; expected one of train, valid, test");
    Cli.run("score", "--model", model, "--input", "text8").fails(1, "expected one of its parts: text8:train, text8:valid, text8:test");
    System.setProperty(CacheFolder.ROOT_PROPERTY, folder.resolve("empty").toString());
    try {
      Path out = folder.resolve("none");
      Path config = Files.writeString(folder.resolve("none.json"), RecordJson.write(TinyModels.run(1)));
      Cli.run("train", "--config", config, "--train", "text8:train", "--valid", "text8:valid", "--out", out)
          .fails(1, "corpus text8 is not in the cache", "fetch it first: tarflowlm data fetch text8");
      assertFalse(Files.exists(out));
    } finally {
      System.setProperty(CacheFolder.ROOT_PROPERTY, folder.resolve("cache").toString());
    }
  }
}
