package org.tarflowlm.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.json.RecordJson;

/** Runs score, generate, demo and train with models of a few thousand parameters. */
class ModelCommandsTest extends TinyModelFiles {
  private static List<String> names(JsonNode object) {
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  @Test
  void scoreSaysWhichBoundItIs() {
    Cli score = Cli.run("score", "--model", flows, "--input", text).succeeds();
    assertTrue(score.out().matches("(?s)at most \\d\\.\\d{4} bits per character \\(ELBO, an upper bound\\), standard error 0\\.\\d+, "
        + "perplexity per token \\S+\\R1,000 characters of \\S+text in .* s, model \\S+flows\\R"), score.out());
    Cli exact = Cli.run("score", "--model", discrete, "--input", text).succeeds();
    assertTrue(exact.out().matches("(?s)\\d\\.\\d{4} bits per character \\(exact\\), .*"), exact.out());
  }

  @Test
  void scoreForMachinesHasSixFields() throws IOException {
    JsonNode score = Cli.run("score", "--model", flows, "--input", text, "--json").succeeds().json();
    assertEquals(List.of("model", "bound", "bitsPerCharacter", "standardError", "characters", "seconds"), names(score));
    assertEquals(flows.toString(), score.get("model").asText());
    assertEquals("ELBO", score.get("bound").asText());
    assertEquals(1000, score.get("characters").asLong());
    assertTrue(score.get("seconds").isNumber());
    try (TarFlowLM model = TarFlowLM.load(flows)) {
      assertEquals(model.score(TEXT).bitsPerCharacter(), score.get("bitsPerCharacter").asDouble());
      assertEquals(model.score(TEXT).standardError(), score.get("standardError").asDouble());
    }

    Path zipped = folder.resolve("text.gz");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(zipped))) {
      out.write(Files.readAllBytes(text));
    }
    JsonNode same = Cli.run("score", "--model", flows, "--input", zipped, "--json").succeeds().json();
    assertEquals(score.get("bitsPerCharacter"), same.get("bitsPerCharacter"), "the same text, compressed");
    JsonNode other = Cli.run("score", "--model", flows, "--input", text, "--json", "--seed", 2).succeeds().json();
    assertNotEquals(score.get("bitsPerCharacter"), other.get("bitsPerCharacter"), "another seed");
    JsonNode tighter = Cli.run("score", "--model", flows, "--input", text, "--json", "--samples", 4).succeeds().json();
    assertEquals("IW-4", tighter.get("bound").asText());
    assertEquals(score.get("bitsPerCharacter").asDouble(), tighter.get("bitsPerCharacter").asDouble(), 0.5);
    JsonNode start = Cli.run("score", "--model", flows, "--input", text, "--json", "--max-chars", 20).succeeds().json();
    assertEquals(20, start.get("characters").asInt());
    assertTrue(start.get("standardError").isNull(), "a single window has no standard error");
    JsonNode sliding = Cli.run("score", "--model", flows, "--input", text, "--json", "--stride", 8).succeeds().json();
    assertEquals("ELBO-DIFFERENCE", sliding.get("bound").asText());
    assertEquals(8, sliding.get("stride").asInt());
    assertEquals(1000, sliding.get("characters").asInt());
    String words = Cli.run("score", "--model", flows, "--input", text, "--stride", 8).succeeds().out();
    assertTrue(words.matches("(?s)\\d\\.\\d{4} bits per character \\(ELBO-DIFFERENCE of bounds, not a bound\\), .*"), words);
    assertTrue(Cli.run("score", "--model", discrete, "--input", text, "--stride", 8).succeeds().out().contains("(exact)"));
    Cli.run("score", "--model", flows, "--input", text, "--stride", 33).fails(1, "stride is 33; expected 1 to 32, the context length");
  }

  @Test
  void generateRepeatsWithItsSeed() {
    String first = Cli.run("generate", "--model", flows, "--prompt", "call me ", "--tokens", 40, "--seed", 7).succeeds().out();
    assertTrue(first.matches("call me [a-z ]{40}\\R"), first);
    assertEquals(first, Cli.run("generate", "--model", flows, "--prompt", "call me ", "--max-new-tokens", 40, "--seed", 7).out());
    assertNotEquals(first, Cli.run("generate", "--model", flows, "--prompt", "call me ", "--tokens", 40, "--seed", 8).out());
    assertEquals(24, Cli.run("generate", "--model", discrete).succeeds().out().stripTrailing().length(), "the checkpoint's default");
  }

  @Test
  void generateForMachines() {
    JsonNode result = Cli.run("generate", "--model", flows, "--json", "--batch-size", 2, "--tokens", 10, "--show-flows",
        "--temperature", 0.8, "--top-k", 5, "--top-p", 0.9).succeeds().json();
    assertEquals(List.of("model", "prompt", "options", "seconds", "exactMeans", "generations"), names(result));
    assertEquals(0.8, result.get("options").get("temperature").asDouble());
    assertEquals(3, result.get("options").get("seed").asInt());
    assertEquals(2, result.get("generations").size());
    JsonNode generation = result.get("generations").get(1);
    assertEquals(10, generation.get("text").asText().length());
    assertEquals(3, generation.get("flows").size());
    assertEquals(generation.get("text"), generation.get("flows").get(2).get("text"), "the last pass is the text");
    assertEquals("noise", generation.get("flows").get(0).get("source").asText());
    assertEquals(0, generation.get("flows").get(0).get("changed").size());
  }

  @Test
  void flowsAreShownOneAfterTheOtherWithTheirChangesMarked() {
    String shown = Cli.run("generate", "--model", flows, "--show-flows", "--tokens", 120).succeeds().out();
    String text = Cli.run("generate", "--model", flows, "--tokens", 120).succeeds().out().stripTrailing();
    String[] blocks = shown.strip().split("\\R\\R");
    assertEquals(3, blocks.length, shown);
    assertTrue(blocks[0].startsWith("noise, decoded"), shown);
    assertTrue(blocks[1].startsWith("flow 1 (Mix-1, right to left): changes "), shown);
    assertTrue(blocks[2].startsWith("flow 0 (Mix-d, left to right): changes "), shown);
    long carets = blocks[2].chars().filter(c -> c == '^').count();
    assertTrue(blocks[2].contains("changes " + carets + " of 120 tokens"), shown);
    StringBuilder last = new StringBuilder();
    blocks[2].lines().skip(1).filter(line -> !line.contains("^")).forEach(line -> last.append(line.substring(2)));
    assertEquals(text, last.toString().stripTrailing());
  }

  @Test
  void ngramsAreDistilledAndUsed() throws IOException {
    Path copy = folder.resolve("with-ngrams");
    Checkpoint.load(flows).save(copy);
    Path file = copy.resolve("ngrams.bin");
    String said = Cli.run("ngrams", "--model", flows, "--tokens", 2000, "--order", 4, "--out", file).succeeds().out();
    assertEquals(String.format("%s: %,d bytes, from 2,016 tokens%n", file, Files.size(file)), said);
    String text = Cli.run("generate", "--model", flows, "--tokens", 100, "--decoding", "SEQUENTIAL").succeeds().out();
    assertEquals(text, Cli.run("generate", "--model", copy, "--tokens", 100, "--decoding", "PARALLEL").succeeds().out());
    byte[] first = Files.readAllBytes(file);
    Cli.run("ngrams", "--model", flows, "--tokens", 2000, "--order", 4, "--out", file).succeeds();
    assertArrayEquals(first, Files.readAllBytes(file), "the same again");

    Cli.run("ngrams", "--model", flows).fails(2, "Missing required option: '--out=FILE'");
    Cli.run("ngrams", "--model", flows, "--out", folder.resolve("no/file")).fails(2, "no is not a folder");
    Cli.run("ngrams", "--model", flows, "--out", file, "--order", 0).fails(1, "order is 0; expected 1 to 16");
    Cli.run("ngrams", "--model", discrete, "--out", file).fails(1, "model is AUTOREGRESSIVE; expected TARFLOW");
    assertArrayEquals(first, Files.readAllBytes(file), "nothing was lost");
  }

  @Test
  void demoScoresAndWrites() {
    String demo = Cli.run("demo", "--model", flows).succeeds().out();
    assertTrue(demo.contains("An untrained model for tests, "), demo);
    assertTrue(demo.contains(" bits per character (ELBO, an upper bound), standard error "), demo);
    assertTrue(demo.contains(" characters of Herman Melville, Moby-Dick (1851), in text8 format in "), demo);
    assertTrue(demo.contains("200 characters written in "), demo);
    assertTrue(demo.contains("flow 0 (Mix-d, left to right): changes "), demo);
  }

  @Test
  void packagedInHalfTheBytesItIsTheSameModel() {
    Path out = folder.resolve("packaged");
    JsonNode entry = Cli.run("zoo", "package", "--from", flows, "--id", "text8-mixd", "--description", "Test.", "--license", "CC0-1.0",
        "--corpus", "none", "--dtype", "F16", "--measure", "text=" + text, "--out", out).succeeds().json();
    assertEquals("text8-mixd", entry.get("id").asText());
    JsonNode whole = Cli.run("score", "--model", flows, "--input", text, "--json").succeeds().json();
    JsonNode half = Cli.run("score", "--model", out, "--input", text, "--json").succeeds().json();
    assertEquals(whole.get("bitsPerCharacter").asDouble(), half.get("bitsPerCharacter").asDouble(), 0.001);
    Cli.run("zoo", "package", "--from", flows, "--id", "text8-mixd", "--description", "Test.", "--license", "CC0-1.0", "--corpus", "none",
        "--dtype", "I64", "--out", folder.resolve("never")).fails(2, "--dtype is I64; expected F32, F16 or BF16");
  }

  @Test
  void whatTrainWritesScores() throws IOException {
    Path config = Files.writeString(folder.resolve("run.json"), RecordJson.write(TinyModels.run(3)));
    Path out = folder.resolve("run");
    JsonNode trained = Cli.run("train", "--config", config, "--train", text, "--valid", text, "--out", out, "--json").succeeds().json();
    assertEquals(3, trained.get("steps").asInt());
    assertTrue(trained.get("finished").asBoolean());
    JsonNode score = Cli.run("score", "--model", out.resolve("best"), "--input", text, "--json").succeeds().json();
    assertEquals(trained.get("bestValidBitsPerToken").asDouble(), score.get("bitsPerCharacter").asDouble(), 1.0);
    theCardOfAPackagedRunShowsItsCurves(out);
  }

  @Test
  void aRunGoesOnFromACheckpoint() throws IOException {
    Path config = Files.writeString(folder.resolve("tune.json"),
        "{\"training\": {\"steps\": 1, \"batchSize\": 1, \"validationWindows\": 2, "
        + "\"optimizer\": {\"learningRate\": 0}}}");
    Path out = folder.resolve("tuned");
    Cli.run("train", "--config", config, "--from", flows, "--train", text, "--valid", text, "--out", out, "--json").succeeds();
    assertTrue(Files.exists(out.resolve("state.safetensors")));
    JsonNode before = Cli.run("score", "--model", flows, "--input", text, "--json").succeeds().json();
    JsonNode after = Cli.run("score", "--model", out.resolve("best"), "--input", text, "--json").succeeds().json();
    assertEquals(before.get("bitsPerCharacter").asDouble(), after.get("bitsPerCharacter").asDouble(), 1e-12, "at a rate of zero");
    Path other = Files.writeString(folder.resolve("other.json"), RecordJson.write(TinyModels.run(3))
        .replace("\"width\" : 16", "\"width\" : 32"));
    Cli.run("train", "--config", other, "--from", flows, "--train", text, "--valid", text, "--out", folder.resolve("never2"))
        .fails(1, "model is not the checkpoint's; expected none, or {");
    Cli.run("train", "--config", config, "--from", flows, "--progressive", "--train", text, "--valid", text, "--out",
        folder.resolve("never2"))
        .fails(2, "--from and --progressive were both given; expected one of them");
    assertFalse(Files.exists(folder.resolve("never2")));
  }

  private void theCardOfAPackagedRunShowsItsCurves(Path run) throws IOException {
    Path packaged = folder.resolve("with-curves");
    JsonNode entry = Cli.run("zoo", "package", "--from", run.resolve("best"), "--id", "text8-mixd", "--description", "Test.", "--license",
        "CC0-1.0", "--corpus", "none", "--out", packaged).succeeds().json();
    BufferedImage curves = ImageIO.read(packaged.resolve("curves.png").toFile());
    assertEquals(900, curves.getWidth());
    assertEquals(Files.size(packaged.resolve("curves.png")), entry.at("/files/curves.png/bytes").asLong());
    assertTrue(Files.readString(packaged.resolve("README.md")).contains("](curves.png)"));
    Path broken = Files.writeString(folder.resolve("broken.jsonl"), "{\"tokens\": 5, \"trainBits\": 2.5}\n{\"tokens\": 5}\n");
    Cli.run("zoo", "package", "--from", run.resolve("best"), "--id", "text8-mixd", "--description", "Test.", "--license", "CC0-1.0",
        "--corpus", "none", "--curves", broken, "--out", folder.resolve("never"))
        .fails(1, "broken.jsonl, line 2 is not progress; expected a JSON object with tokens and trainBits");
    assertFalse(Files.exists(folder.resolve("never")));
  }
}
