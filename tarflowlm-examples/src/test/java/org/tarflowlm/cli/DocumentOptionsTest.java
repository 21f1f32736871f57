package org.tarflowlm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
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
import org.tarflowlm.data.file.CacheFolder;
import org.tarflowlm.json.RecordJson;

/** {@code --text-field} and {@code --bad-documents} mean the same to every command that takes a text or a corpus's name. */
class DocumentOptionsTest {
  private static final String LATIN_1 = "caf\u00e9";

  @TempDir private static Path folder;

  @BeforeAll
  static void makeCorpora() throws IOException {
    System.setProperty(CacheFolder.ROOT_PROPERTY, folder.resolve("cache").toString());
    file("lines.jsonl", """
        {"text":"one"}
        {"text":null}
        not json
        {"text":""}
        {"text":"caf\u00e9"}
        {"text":"three"}
        """);
    file("nested.ndjson", "{\"page\":{\"body\":\"one\"}}\r{\"page\":{\"body\":\"two\"}}\r");
    file("texts/a.txt", "one");
    file("texts/b.txt", LATIN_1);
    file("texts/c.txt", "");
    file("texts/d.txt", "three");
    file("texts/e.md", "no");
    file("single.txt", LATIN_1);
    file("cache/corpora.json", Json.of(List.of(Map.of("name", "mine",
        "archive", Map.of("uri", folder.resolve("lines.jsonl").toUri().toString(), "length", Files.size(folder.resolve("lines.jsonl"))),
        "content", Map.of("length", -1), "tokenizerName", "gpt2",
        "splits", List.of(Map.of("name", "train", "unit", "DOCUMENTS", "to", -1),
            Map.of("name", "test", "unit", "DOCUMENTS", "from", -1))))));
    Cli.run("data", "fetch", "mine").succeeds();
  }

  @AfterAll
  static void clearSwitch() {
    System.clearProperty(CacheFolder.ROOT_PROPERTY);
  }

  private static Path file(String name, String latin1) throws IOException {
    Path path = folder.resolve(name);
    Files.createDirectories(path.getParent());
    return Files.write(path, latin1.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** Counts tokens: bytes, and a line feed between documents, as in "one three" or "one caf? three". */
  @ParameterizedTest
  @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
      lines.jsonl   |                                  | lines.jsonl line 2 has a field "text" that is null
      lines.jsonl   | --bad-documents skip             | tokens 9 documents 2 badDocuments 3 emptyDocuments 1 otherFiles 0
      lines.jsonl   | --bad-documents replace          | lines.jsonl line 2 has a field "text" that is null
      lines.jsonl   | --bad-documents SKIP             | tokens 9 documents 2 badDocuments 3 emptyDocuments 1 otherFiles 0
      lines.jsonl   | --bad-documents ignore           | expected one of
      lines.jsonl   | --text-field body                | lines.jsonl line 1 has no field "body"
      lines.jsonl   | --text-field a..b                | text field is "a..b"; expected the name of a field
      nested.ndjson | --text-field page.body           | tokens 7 documents 2 badDocuments 0 emptyDocuments 0 otherFiles 0
      nested.ndjson | --text-field page                | line 1 has a field "page" that is no string
      texts         |                                  | b.txt is not valid UTF-8: byte 0xE9 at offset 3
      texts         | --bad-documents skip             | tokens 9 documents 2 badDocuments 1 emptyDocuments 1 otherFiles 1
      texts         | --bad-documents replace          | tokens 16 documents 3 badDocuments 0 emptyDocuments 1 otherFiles 1
      single.txt    | --bad-documents skip             | tokens 4 documents 1 badDocuments 0 emptyDocuments 0 otherFiles 0
      """)
  void statsCounts(String input, String options, String expected) {
    List<Object> call = new ArrayList<>(List.of("data", "stats", folder.resolve(input), "--tokenizer", "bytes", "--json"));
    call.addAll(options == null ? List.of() : Arrays.asList(options.split(" ")));
    Cli cli = Cli.run(call.toArray());
    if (!expected.startsWith("tokens")) {
      cli.fails(expected.startsWith("expected") ? 2 : 1, expected);
      return;
    }
    JsonNode stats = cli.succeeds().json();
    String[] words = expected.split(" ");
    for (int i = 0; i < words.length; i += 2) {
      assertEquals(words[i + 1], stats.get(words[i]).asText(), words[i] + " of " + stats);
    }
    assertEquals(stats.get("badDocuments").asInt() > 0, stats.get("firstBad").isTextual(), stats.toString());
    assertTrue(stats.get("bytes").asLong() > 0, stats.toString());
  }

  @Test
  void everyCommandHasThem() throws IOException {
    Path model = folder.resolve("model");
    TinyModels.checkpoint(ModelType.AUTOREGRESSIVE).save(model);
    Path lines = file("words.jsonl", "{\"page\":{\"body\":\"call me ishmael some years ago never mind how long\"}}\nnot json\n");
    Path config = file("config.json", RecordJson.write(TinyModels.run(1)));
    Object[][] calls = {{"score", "--model", model, "--input", lines},
        {"train", "--config", config, "--train", lines, "--valid", lines, "--out", folder.resolve("run")}, {"data", "grid-order", lines}};
    for (Object[] call : calls) {
      Cli.run(call).fails(1, "words.jsonl line 1 has no field \"text\"");
      List<Object> withOptions = new ArrayList<>(Arrays.asList(call));
      withOptions.addAll(List.of("--text-field", "page.body"));
      Cli.run(withOptions.toArray()).fails(1, "words.jsonl line 2 is not valid JSON");
      withOptions.addAll(List.of("--bad-documents", "skip"));
      Cli.run(withOptions.toArray()).succeeds();
    }
  }

  @Test
  void aCorpusHasThemByItsName() {
    Cli.run("data", "stats", "mine:test", "--tokenizer", "gpt2").fails(1, "line 2 has a field \"text\" that is null");
    for (String part : new String[] {"mine:train", "mine:test"}) { // "one", and "three"
      JsonNode stats = Cli.run("data", "stats", part, "--tokenizer", "gpt2", "--bad-documents", "skip", "--json").succeeds().json();
      assertEquals(1, stats.get("tokens").asInt(), stats.toString());
    }
  }
}
