package org.tarflowlm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.data.documents.Excerpt;
import org.tarflowlm.json.RecordJson;

/** A command says in one line what is wrong, and names it. Its exit code is 1, or 2 for wrong use of the command line. */
class BadInputTest {
  @TempDir
  private static Path folder;

  private static Path model;
  private static Path text;
  private static String config;

  @BeforeAll
  static void makeModel() throws IOException {
    model = folder.resolve("model");
    TinyModels.checkpoint(ModelType.TARFLOW).save(model);
    text = Files.writeString(folder.resolve("text"), Excerpt.text().substring(0, 500));
    config = RecordJson.write(TinyModels.run(1));
  }

  private static Path file(String name, String content) throws IOException {
    return Files.writeString(folder.resolve(name), content);
  }

  private static Cli train(String json) throws IOException {
    return train(file("config.json", json), text, folder.resolve("out"));
  }

  private static Cli train(Path configuration, Path data, Path out) {
    return Cli.run("train", "--config", configuration, "--train", data, "--valid", text, "--out", out);
  }

  private static Cli score(Object input) {
    return Cli.run("score", "--model", model, "--input", input);
  }

  private static void copyModel(Path to) throws IOException {
    Files.createDirectories(to);
    for (String name : List.of("checkpoint.json", "config.json", "model.safetensors")) {
      Files.write(to.resolve(name), Files.readAllBytes(model.resolve(name)));
    }
  }

  @Test
  void wrongUse() {
    Cli.run().fails(2, "a command is missing; expected one of demo, score, flows, generate, ");
    Cli.run("scroe").fails(2, "scroe");
    Cli.run("zoo").fails(2, "tarflowlm zoo: a command is missing; expected one of package, list");
    Cli.run("score").fails(2, "tarflowlm score: Missing required option: '--input=FILE'");
    Cli.run("score", "--input", text, "--colour").fails(2, "Unknown option: '--colour'");
    Cli.run("score", "--input", text, "--max-chars", 0).fails(2, "--max-chars is 0; expected at least 1");
    Cli.run("score", "--input", text, "--samples", 0).fails(2, "--samples is 0; expected at least 1");
    Cli.run("generate", "--temperature", 0).fails(2, "--temperature is 0.0; expected a positive number");
    Cli.run("generate", "--tokens", 0).fails(2, "--max-new-tokens is 0; expected at least 1");
    Cli.run("generate", "--top-p", 1.5).fails(2, "--top-p is 1.5; expected a number above 0 and at most 1");
    Cli.run("generate", "--tokens", "many").fails(2, "'many' is not an int");
  }

  @Test
  void configurations() throws IOException {
    Path missing = folder.resolve("missing.json");
    train(missing, text, folder.resolve("out")).fails(1, missing.toString(), "no such file");
    train("{").fails(1, "config.json: not valid JSON at line 1");
    train(config.replace("\"batchSize\"", "\"batchsize\"")).fails(1, "training.batchsize is not a known key (did you mean 'batchSize'?)");
    train(config.replaceFirst("\"steps\" : 1,", "")).fails(1, "training.steps is missing; expected the number of updates");
    train(config.replace("\"heads\" : 2", "\"heads\" : 3")).fails(1, "model.width is 16, not divisible by heads 3");
    train(config.replace("\"latentDim\" : 4", "\"latentDim\" : 5").replaceFirst("\"channelMixing\" : \\w+", "\"channelMixing\" : true"))
        .fails(1, "model.channelMixing needs an even number of channels; found patchSize 1 x latentDim 5 = 5");
    train(config.replace("\"mixtures\" : 27", "\"mixtures\" : 26"))
        .fails(1, "model.flows[0].mixtures is 26 for a flow tied to the codebook; expected vocabSize 27");
    train(config.replace("\"text8\"", "\"bytes\"")).fails(1, "model.vocabSize is 27; expected 256, the tokens of the tokenizer bytes");
    assertFalse(Files.exists(folder.resolve("out")));
  }

  @Test
  void texts() throws IOException {
    Path foreign = file("foreign", "call me Ishmael some years ago never mind how long precisely having little");
    score(foreign).fails(1, foreign + ": character 'I' (U+0049) at offset 8 is outside the alphabet of 27 symbols");
    train(file("config.json", config), foreign, folder.resolve("out")).fails(1, "foreign", "offset 8");
    Path empty = file("empty", "");
    score(empty).fails(1, empty + " is empty; expected a text");
    train(file("config.json", config), empty, folder.resolve("out")).fails(1, empty + " has 0 tokens; expected at least a window of 32");
    train(file("config.json", config), file("short", "whale"), folder.resolve("out"))
        .fails(1, "short has 5 tokens; expected at least a window of 32");
    score(folder.resolve("nothing")).fails(1, folder.resolve("nothing") + " does not exist");
    Cli.run("generate", "--model", model, "--prompt", "Call me")
        .fails(1, "character 'C' (U+0043) at offset 0 is outside the text8 alphabet");
    assertFalse(Files.exists(folder.resolve("out")));
  }

  @Test
  void checkpoints() throws IOException {
    Cli.run("score", "--input", text, "--model", "nothing").fails(1, "'nothing' is neither a checkpoint of the zoo nor a folder");
    Cli.run("demo", "--model", text).fails(1, text + " is a file; expected a checkpoint folder");
    Path foreign = Files.createDirectory(folder.resolve("foreign-model"));
    Cli.run("generate", "--model", foreign)
        .fails(1, foreign + " is not a checkpoint: checkpoint.json and config.json and model.safetensors are missing");
    Path cut = folder.resolve("cut");
    copyModel(cut);
    byte[] weights = Files.readAllBytes(cut.resolve("model.safetensors"));
    Files.write(cut.resolve("model.safetensors"), Arrays.copyOf(weights, weights.length - 100));
    Cli.run("score", "--input", text, "--model", cut).fails(1, cut + "/model.safetensors");
    Path other = folder.resolve("other");
    copyModel(other);
    String wider = Files.readString(other.resolve("config.json")).replace("\"width\" : 16", "\"width\" : 18");
    Files.writeString(other.resolve("config.json"), wider);
    Cli.run("score", "--input", text, "--model", other).fails(1, other.toString(), "expected");
  }

  @Test
  void outputs() throws IOException {
    Path run = file("config.json", config);
    Path taken = Files.createDirectory(folder.resolve("taken"));
    Files.writeString(taken.resolve("precious"), "mine");
    train(run, text, taken).fails(1, taken + " exists; expected a new or empty folder, or --resume");
    assertEquals("mine", Files.readString(taken.resolve("precious")));
    assertEquals(List.of(taken.resolve("precious")), Files.list(taken).toList());
    train(run, text, text).fails(1, text + " exists");
    train(run, text, text.resolve("below")).fails(1, text.toString());
    assertEquals(500, Files.size(text));
    Cli.run("train", "--config", run, "--train", text, "--valid", text, "--out", folder.resolve("new"), "--resume")
        .fails(1, "nothing to resume in " + folder.resolve("new"));
  }
}
