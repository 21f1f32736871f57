package org.tarflowlm.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.tarflowlm.checkpoint.safetensors.DType;
import org.tarflowlm.checkpoint.safetensors.FloatTensor;
import org.tarflowlm.checkpoint.safetensors.SafetensorsWriter;
import org.tarflowlm.generate.parallel.NGramFile;
import org.tarflowlm.generate.parallel.NGramTable;

class CheckpointTest {
  @TempDir
  private Path root;

  private Path folder;

  @BeforeEach
  void save() {
    folder = root.resolve("models/tiny");
    Fixtures.tiny().save(folder);
  }

  private static void assertFails(String expected, Runnable action) {
    CheckpointException e = assertThrows(CheckpointException.class, action::run);
    assertTrue(e.getMessage().contains(expected), e::getMessage);
    assertFalse(e.getMessage().contains("\n") || e.getMessage().contains("Exception"), e::getMessage);
  }

  private void assertLoadFails(String expected) {
    assertFails(folder + expected, () -> Checkpoint.load(folder));
  }

  private void replaceInFile(String file, String old, String replacement) throws IOException {
    String text = Files.readString(folder.resolve(file));
    assertTrue(text.contains(old), "the test replaces something");
    Files.writeString(folder.resolve(file), text.replace(old, replacement));
  }

  /** Writes other tensors into the saved checkpoint, as another program would, and without the hash. */
  private void rewriteWeights(Map<String, FloatTensor> tensors) throws IOException {
    SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors, DType.F32, Map.of());
    String info = Files.readString(folder.resolve("checkpoint.json"));
    Files.writeString(folder.resolve("checkpoint.json"), info.replaceAll(",\\s*\"weightsSha256\" : \"[0-9a-f]*\"", ""));
  }

  private static Map<String, FloatTensor> weights() {
    return new LinkedHashMap<>(Fixtures.tiny().tensors());
  }

  @Test
  void loadsWhatWasSaved() throws IOException {
    Checkpoint saved = Fixtures.tiny();
    Checkpoint loaded = Checkpoint.load(folder);

    assertEquals(saved.config(), loaded.config());
    assertEquals(saved.tensors(), loaded.tensors());
    assertEquals(saved.card(), loaded.card());
    assertEquals(loaded.info(), saved.info().withWeights(loaded.info().weightsSha256()));
    assertEquals(new GenerationDefaults(20, 0.9, 0, 5L), loaded.info().generation());
    try (var files = Files.list(folder.getParent())) {
      assertEquals(List.of(folder), files.toList(), "no temporary folder stays");
    }
  }

  private static byte[] ngrams(int vocabulary) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    NGramFile.write(NGramTable.of(new int[] {3, 1, 3, 1, 4, 1}, vocabulary), 0, 0, out);
    return out.toByteArray();
  }

  @Test
  void ngramsComeAlong() throws IOException {
    byte[] file = ngrams(27);
    Checkpoint with = Fixtures.tiny().withNGrams(file);
    Path other = root.resolve("with");
    with.withInfo(with.info().withName("other", "1", "The same."), null).save(other);
    assertArrayEquals(file, Files.readAllBytes(other.resolve("ngrams.bin")));
    assertEquals(NGramFile.read(new ByteArrayInputStream(file)).size(), Checkpoint.load(other).ngrams().size());
    assertFalse(Files.exists(folder.resolve("ngrams.bin")));
    assertTrue(Checkpoint.load(folder).ngrams().size() > 1000, "without them, those of the bundled excerpt");

    Files.write(other.resolve("ngrams.bin"), Arrays.copyOf(file, file.length - 3));
    assertFails(other + "/ngrams.bin is damaged or not a file of n-grams: it ends too early", () -> Checkpoint.load(other));
    Files.write(other.resolve("ngrams.bin"), ngrams(5));
    assertFails(other + "/ngrams.bin is made for 5 tokens; expected 27", () -> Checkpoint.load(other));
    assertFails("is damaged or not a file of n-grams", () -> with.withNGrams(new byte[] {1}));
  }

  @Test
  void cardIsForPeople() throws IOException {
    String card = Files.readString(folder.resolve("README.md"));

    assertTrue(card.startsWith("# tiny\n\nRandom weights for tests.\n"), card);
    assertTrue(card.contains("Mix-d of 27 tied to the codebook, 1 layer; Mix-1 of 2, 1 layer; affine, 1 layer"), card);
    assertTrue(card.contains("| nothing | ELBO | 5.2500 | 0.0100 | 1,000 |"), card);
    assertEquals("mine", Fixtures.tiny().withInfo(CheckpointInfo.of("text8"), "mine").card());
  }

  @Test
  void halfPrecisionTakesHalfTheSpace() throws IOException {
    Path half = root.resolve("half");
    Fixtures.tiny().save(half, DType.BF16, false);

    long full = Files.size(folder.resolve("model.safetensors"));
    assertTrue(Files.size(half.resolve("model.safetensors")) < 0.75 * full, "headers are long beside tiny tensors");
    float[] expected = Fixtures.tiny().tensors().get("flow0.in.weight").values();
    assertArrayEquals(expected, Checkpoint.load(half).tensors().get("flow0.in.weight").values(), 0.01f);
  }

  @Test
  void overwritesOnlyCheckpointsAndOnlyIfTold() throws IOException {
    assertFails(folder + " exists; expected a new folder", () -> Fixtures.tiny().save(folder));
    Files.writeString(folder.resolve("extra"), "other files are ignored");
    Checkpoint.load(folder).withInfo(CheckpointInfo.of("text8"), "new card").save(folder, DType.F32, true);
    assertEquals("new card", Checkpoint.load(folder).card());

    Path home = Files.createDirectory(root.resolve("home"));
    Files.writeString(home.resolve("precious"), "data");
    assertFails(home + " exists and is not a checkpoint", () -> Fixtures.tiny().save(home, DType.F32, true));
    assertEquals("data", Files.readString(home.resolve("precious")));
    try (var files = Files.list(folder.getParent())) {
      assertEquals(List.of(folder), files.toList(), "no temporary folder stays");
    }
  }

  @Test
  void foldersThatCannotBeWritten() throws IOException {
    Path file = Files.writeString(root.resolve("file"), "");
    assertFails("cannot write " + file.resolve("model") + ":", () -> Fixtures.tiny().save(file.resolve("model")));
    Path readOnly = Files.createDirectory(root.resolve("read-only"));
    Files.setPosixFilePermissions(readOnly, PosixFilePermissions.fromString("r-xr-xr-x"));
    if (!Files.isWritable(readOnly)) { // root may write anywhere
      assertFails("cannot write " + readOnly.resolve("model") + ": permission denied",
          () -> Fixtures.tiny().save(readOnly.resolve("model")));
    }
  }

  @Test
  void thingsThatAreNoCheckpoint() throws IOException {
    Path missing = root.resolve("missing");
    assertFails(missing + " does not exist; expected a checkpoint folder", () -> Checkpoint.load(missing));
    Path zip = Files.writeString(root.resolve("model.zip"), "PK");
    assertFails(zip + " is a file; expected a checkpoint folder, or a zip archive of one, with checkpoint.json, config.json, model.safe",
        () -> Checkpoint.load(zip));
    assertFails(root + " is not a checkpoint: checkpoint.json and config.json and model.safetensors are missing",
        () -> Checkpoint.load(root));
    assertFails("classpath:no/such is not a checkpoint", () -> Fixtures.resource("no/such"));
    for (String each : Checkpoint.REQUIRED_FILES) {
      Path other = root.resolve("without-" + each);
      Fixtures.tiny().save(other);
      Files.delete(other.resolve(each));
      assertFails(other + " is not a checkpoint: " + each + " is missing", () -> Checkpoint.load(other));
    }
    Files.delete(folder.resolve("README.md"));
    assertTrue(Checkpoint.load(folder).card().startsWith("# tiny"), "a card is for people; a model runs without");
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
      "checkpoint.json | `\"formatVersion\" : 1` | `\"formatVersion\" : 2, \"n\" : 3` | formatVersion is 2; this program reads",
      "checkpoint.json | `\"formatVersion\" : 1` | `\"formatVersion\" : 1.5` | formatVersion is 1.5; this program reads versions up to 1",
      "checkpoint.json | `\"formatVersion\" : 1` | `\"formatVersion\" : 0` | formatVersion is 0; expected at least 1",
      "checkpoint.json | `\"formatVersion\" : 1,` | `` | formatVersion is missing",
      "checkpoint.json | `\"text8\"` | `\"gpt2\"` | tokenizer gpt2 has 50257 tokens; expected 27, the configuration's vocabSize",
      "checkpoint.json | `\"text8\"` | `\"text9\"` | tokenizer \"text9\" is not known; expected one of text8, bytes, gpt2",
      "checkpoint.json | `\"text8\"` | `\"\"` | tokenizer is missing",
      "checkpoint.json | `\"tokenizer\"` | `\"tokeniser\"` | tokeniser is not a known key (did you mean 'tokenizer'?)",
      "checkpoint.json | `0.9` | `-1` | generation.temperature is -1.0; expected a positive number",
      "checkpoint.json | `5.25` | `0` | measurements[0].bitsPerCharacter is 0.0; expected a positive number",
      "checkpoint.json | `{` | `` | not valid JSON",
      "config.json | `\"heads\" : 2` | `\"heads\" : 3` | width is 8, not divisible by heads 3",
      "config.json | `\"heads\" : 2` | `\"haeds\" : 2` | haeds is not a known key (did you mean 'heads'?)",
  })
  void damagedTextFiles(String file, String old, String replacement, String expected) throws IOException {
    replaceInFile(file, old, replacement);
    assertLoadFails("/" + file + ": " + expected);
  }

  @Test
  void configurationsOfAnotherModelNameTheTensor() throws IOException {
    replaceInFile("config.json", "\"contextLength\" : 8", "\"contextLength\" : 16");
    assertLoadFails("/model.safetensors: tensor 'flow0.position' has shape [8, 8]; expected [16, 8] by the configuration");
  }

  @Test
  void layersThatAreMissingAreNamed() throws IOException {
    replaceInFile("config.json", "\"layers\" : 1", "\"layers\" : 2");
    assertLoadFails("/model.safetensors: tensor 'flow0.block1.down.bias' is missing; expected shape [8], and 35 more");
  }

  @Test
  void tensorsThatDoNotBelongAreNamed() throws IOException {
    Map<String, FloatTensor> tensors = weights();
    tensors.put("flow0.in.wieght", new FloatTensor(new long[] {1}, 1));
    rewriteWeights(tensors);
    assertLoadFails("/model.safetensors: tensor 'flow0.in.wieght' with shape [1] is not a parameter of the configuration"
        + " (did you mean 'flow0.in.weight'?)");
  }

  @ParameterizedTest
  @CsvSource({"NaN", "Infinity", "-Infinity"})
  void weightsThatAreNotFiniteAreNamed(float value) throws IOException {
    Map<String, FloatTensor> tensors = weights();
    float[] values = tensors.get("flow1.in.weight").values().clone();
    values[9] = value;
    tensors.put("flow1.in.weight", new FloatTensor(new long[] {3, 8}, values));
    rewriteWeights(tensors);
    assertLoadFails("/model.safetensors: tensor 'flow1.in.weight' holds " + value + " at [1, 1]; expected finite numbers");
    assertFails("tensor 'flow1.in.weight' holds", () -> new Checkpoint(Fixtures.tinyConfig(), CheckpointInfo.of("text8"), tensors, null));
  }

  @ParameterizedTest
  @EnumSource(value = DType.class, names = {"F16", "BF16"})
  void weightsThatAreNotFiniteAreNamedInHalfPrecisionToo(DType dtype) throws IOException {
    Map<String, FloatTensor> tensors = weights();
    tensors.put("flow0.start", new FloatTensor(new long[] {8}, 0, 0, Float.NEGATIVE_INFINITY, 0, 0, 0, 0, 0));
    rewriteWeights(tensors);
    SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors, dtype, Map.of());
    assertLoadFails("/model.safetensors: tensor 'flow0.start' holds -Infinity at [2]; expected finite numbers");
  }

  @Test
  void damagedWeights() throws IOException {
    Path file = folder.resolve("model.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 1] ^= 1;
    Files.write(file, bytes);
    assertLoadFails("/model.safetensors has SHA-256 ");
    replaceInFile("checkpoint.json", "\"weightsSha256\" : \"", "\"weightsSha256\" : \"x");
    assertLoadFails("/checkpoint.json: weightsSha256 is \"x");
  }

  @Test
  void truncatedAndForeignWeights() throws IOException {
    rewriteWeights(weights());
    Path file = folder.resolve("model.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, bytes.length - 10));
    assertLoadFails("/model.safetensors: the tensors have ");
    Files.write(file, new byte[0]);
    assertLoadFails("/model.safetensors: the file has 0 bytes");
    Files.writeString(file, "PK\3\4 a zip file of another program");
    assertLoadFails("/model.safetensors: the header has ");
  }

  @Test
  void weightsThatHalfPrecisionCannotHold() {
    Map<String, FloatTensor> tensors = weights();
    tensors.put("flow0.start", new FloatTensor(new long[] {8}, 1e6f, 0, 0, 0, 0, 0, 0, 0));
    Checkpoint large = new Checkpoint(Fixtures.tinyConfig(), CheckpointInfo.of("text8"), tensors, null);
    Path half = root.resolve("half");
    assertFails("cannot save " + half + ": tensor flow0.start holds 1000000.0, too large for F16",
        () -> large.save(half, DType.F16, false));
    assertFalse(Files.exists(half));
  }

  /** The format's first version saved it; later versions must still load it. */
  @Test
  void loadsTheGoldenCheckpointOfFormatVersion1() {
    Checkpoint golden = Fixtures.resource("org/tarflowlm/zoo/golden-format-1");

    assertEquals(1, golden.info().formatVersion());
    assertEquals(Fixtures.tinyConfig(), golden.config());
    assertEquals(Fixtures.tiny().tensors(), golden.tensors());
    assertEquals(Fixtures.tiny().info().withWeights(golden.info().weightsSha256()), golden.info());
  }
}
