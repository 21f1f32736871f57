package org.tarflowlm.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tarflowlm.json.ConfigException;

class TarFlowConfigJsonTest {
  private static final String VALID = """
      {"vocabSize": 27, "contextLength": 64, "latentDim": 5, "width": 32, "heads": 2,
       "codebook": {"sigma": 0.2},
       "flows": [
         {"coupling": "MIX_D", "layers": 1, "mixtures": 27, "direction": "LEFT_TO_RIGHT", "tied": true},
         {"coupling": "MIX_1", "layers": 2, "mixtures": 2, "direction": "RIGHT_TO_LEFT"}]}
      """;

  @Test
  void readsKeysAndFillsDefaults() {
    TarFlowConfig config = TarFlowConfig.fromJson(VALID);

    assertEquals(new TarFlowConfig(ModelType.TARFLOW, 27, 64, 5, 32, 2, 1, false,
        List.of(FlowSpec.tiedMixD(1, 27, Direction.LEFT_TO_RIGHT), FlowSpec.mix1(2, 2, Direction.RIGHT_TO_LEFT)),
        new CodebookSpec(0.2, CodebookSpec.SigmaMode.PER_TOKEN, 1e-3, 1.0), 5.0, 128, InitSpec.defaults()), config);
  }

  @Test
  void roundTripKeepsEveryValue() {
    TarFlowConfig config = new TarFlowConfig(ModelType.TARFLOW, 300, 128, 6, 48, 3, 4, true,
        List.of(FlowSpec.mixD(1, 11, Direction.RIGHT_TO_LEFT), FlowSpec.affine(2, Direction.LEFT_TO_RIGHT),
            FlowSpec.affine(0, Direction.LEFT_TO_RIGHT).withChannelDirection(ChannelDirection.DESCENDING)),
        new CodebookSpec(0.37, CodebookSpec.SigmaMode.SHARED, 2e-4, 0.9), 4.25, 96, new InitSpec(0.1, 0.2, 0.0, null, null));

    assertEquals(config, TarFlowConfig.fromJson(config.toJson()));
    assertEquals(config.autoregressiveTwin(), TarFlowConfig.fromJson(config.autoregressiveTwin().toJson()));
  }

  @Test
  void readsFiles(@TempDir Path folder) throws IOException {
    TarFlowConfig config = TarFlowConfig.fromJson(VALID);
    assertEquals(config, TarFlowConfig.read(Files.writeString(folder.resolve("config.json"), config.toJson())));
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
      "\"width\": 32 | \"widht\": 32 | widht is not a known key (did you mean 'width'?); expected one of model, vocabSize,",
      "\"width\": 32, | `` | width is missing; expected a whole number",
      "\"width\": 32 | \"width\": \"32\" | width is \"32\"; expected a whole number",
      "\"width\": 32 | \"width\": 32.5 | width is 32.5; expected a whole number",
      "\"width\": 32 | \"width\": 99999999999 | width is 99999999999; expected a whole number of at most 2147483647",
      "\"width\": 32 | \"width\": null | width is null; expected a value",
      "\"width\": 32 | \"width\": [32] | width is an array; expected a whole number",
      "\"width\": 32 | \"width\": 33 | width is 33, not divisible by heads 2",
      "\"width\": 32 | \"width\": 32, \"width\": 64 | key 'width' appears twice in the same object",
      "\"width\": 32 | \"width\": 32, \"patchSize\": 3 | contextLength is 64, not divisible by patchSize 3",
      "\"width\": 32 | \"width\": 32, \"channelMixing\": true | channelMixing needs an even number of channels; found patchSize 1 x",
      "\"width\": 32 | \"width\": 32, \"channelMixing\": 1 | channelMixing is 1; expected true or false",
      "\"width\": 32 | \"width\": 32, \"patchSize\": 32, \"latentDim\": 99999 | key 'latentDim' appears twice",
      "\"latentDim\": 5 | \"latentDim\": 2000000000 | latentDim is 2000000000 with patchSize 1; expected at most 65536 channels",
      "\"layers\": 2 | \"layers\": 2147483647 | flows[1].layers is 2147483647; expected at most 1024",
      "\"mixtures\": 2, | \"mixtures\": 2000000000, | flows[1].mixtures is 2000000000; expected at most 1048576",
      "\"width\": 32 | \"width\": 2000000000 | width is 2000000000; expected at most 65536",
      "\"vocabSize\": 27 | \"vocabSize\": 2147483647 | vocabSize is 2147483647; expected at most 1048576",
      "\"sigma\": 0.2 | \"sigma\": 0.2, \"meanScale\": 1e300 | codebook.meanScale is 1.0E300; expected a positive number that single",
      "\"vocabSize\": 27 | \"vocabSize\": 28 | flows[0].mixtures is 27 for a flow tied to the codebook; expected vocabSize 28",
      "\"sigma\": 0.2 | \"sigma\": -0.2 | codebook.sigma is -0.2; expected a positive number",
      "\"sigma\": 0.2 | \"sigma\": 1e999 | codebook.sigma is Infinity; expected a finite number",
      "\"sigma\": 0.2 | \"sigma\": 1e-4 | codebook.sigma is 1.0E-4; expected at least sigmaMin 0.001",
      "\"sigma\": 0.2 | \"sigmaMod\": 2 | codebook.sigmaMod is not a known key (did you mean 'sigmaMode'?)",
      "\"sigma\": 0.2 | \"sigmaMode\": \"ONE\" | codebook.sigmaMode is \"ONE\"; expected one of PER_TOKEN, SHARED, FIXED",
      "{\"sigma\": 0.2} | {\"order\": [0, 1]} | codebook.order is given with layout NORMAL; expected layout GRID",
      "{\"sigma\": 0.2} | {\"layout\": \"GRID\", \"order\": [0, 1, 1]} | codebook.order is [0, 1, 1]; expected each id from 0 to 26 once",
      "{\"sigma\": 0.2} | {\"order\": [0.5]} | codebook.order[0] is 0.5; expected a whole number",
      "{\"sigma\": 0.2} | 7 | codebook is 7; expected an object with the keys sigma, sigmaMode",
      "\"MIX_1\" | \"mix1\" | flows[1].coupling is \"mix1\"; expected one of AFFINE, MIX_1, MIX_D, AFFINE_D (did you mean 'MIX_1'?)",
      "\"MIX_1\" | \"AFFINE\" | flows[1].mixtures is 2 for an AFFINE flow; expected 1",
      "\"layers\": 2 | \"layers\": -1 | flows[1].layers is -1; expected at least 0",
      "\"layers\": 1 | \"layers\": 0 | flows[0].layers is 0; expected at least 1, since no flow before it has a transformer",
      "\"layers\": 2 | \"layers\": 0 | flows[1].direction is RIGHT_TO_LEFT with 0 layers; expected LEFT_TO_RIGHT",
      "\"tied\": true | \"tied\": true, \"channelDirection\": \"DESCENDING\" | flows[0].channelDirection is DESCENDING for a MIX_D flow",
      "\"layers\": 2 | \"channelDirection\": \"DOWN\", \"layers\": 2 | flows[1].channelDirection is \"DOWN\"; expected one of ASCENDING",
      "\"layers\": 2, | `` | flows[1].layers is missing; expected a whole number",
      "\"mixtures\": 2, | `` | flows[1].mixtures is 0; expected at least 1",
      "\"mixtures\": 2, | \"mixtures\": 2, \"tied\": true, | flows[1].tied is true for a MIX_1 flow",
      "\"direction\": \"RIGHT_TO_LEFT\" | \"tied\": false | flows[1].direction is missing; expected one of LEFT_TO_RIGHT, RIGHT_TO_LEFT",
      "\"RIGHT_TO_LEFT\"}]} | \"RIGHT_TO_LEFT\"}] | not valid JSON at line 6, column 1: the text ends too early",
      "\"RIGHT_TO_LEFT\"}]} | \"RIGHT_TO_LEFT\"}]} {} | more text after the end of the value",
      "\"width\": 32 | \"width\": NaN | not valid JSON",
      "\"width\": 32 | \"width\": 32,, | not valid JSON at line 1, column 68: unexpected character (',')",
      "\"width\": 32 | width: 32 | not valid JSON at line 1, column 56: unexpected character ('w')",
  })
  void badInputNamesTheKey(String valid, String broken, String expected) {
    assertTrue(VALID.contains(valid), "the test replaces something");

    assertOneLine(expected, () -> TarFlowConfig.fromJson(VALID.replace(valid, broken)));
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
      "`` | not JSON: the text is empty",
      "[] | found an array; expected an object with the keys model, vocabSize",
      "3 | found 3; expected an object",
  })
  void otherDocumentsAreRefused(String json, String expected) {
    assertOneLine(expected, () -> TarFlowConfig.fromJson(json));
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "[] | flows is empty; expected at least one flow",
      "{} | flows is an object; expected an array",
      "[3] | flows[0] is 3; expected an object",
  })
  void flowsMustBeAnArrayOfFlows(String flows, String expected) {
    assertOneLine(expected, () -> TarFlowConfig.fromJson(
        "{\"flows\": " + flows + ", \"vocabSize\": 27, \"contextLength\": 4, \"latentDim\": 5, \"width\": 4, \"heads\": 1}"));
  }

  @Test
  void filesThatAreNotConfigurationsAreNamed(@TempDir Path folder) throws IOException {
    Path missing = folder.resolve("missing.json");
    assertOneLine(missing + ": no such file", () -> TarFlowConfig.read(missing));
    assertOneLine(folder + ": is a folder", () -> TarFlowConfig.read(folder));
    Path binary = Files.write(folder.resolve("binary"), new byte[] {(byte) 0xff, (byte) 0xfe, 0});
    assertOneLine(binary + ": not UTF-8 text", () -> TarFlowConfig.read(binary));
    Path large = Files.write(folder.resolve("large"), new byte[2 << 20]);
    assertOneLine(large + ": has 2097152 bytes", () -> TarFlowConfig.read(large));
    Path wrong = Files.writeString(folder.resolve("wrong.json"), VALID.replace("width", "w"));
    assertOneLine(wrong + ": w is not a known key", () -> TarFlowConfig.read(wrong));
  }

  @Test
  void randomDamageGivesCleanErrorsOnly() {
    Random random = new Random(1);
    for (int i = 0; i < 3000; i++) {
      StringBuilder damaged = new StringBuilder(VALID);
      for (int n = 1 + random.nextInt(3); n > 0; n--) {
        int at = random.nextInt(damaged.length());
        switch (random.nextInt(3)) {
          case 0 -> damaged.deleteCharAt(at);
          case 1 -> damaged.setCharAt(at, (char) random.nextInt(128));
          default -> damaged.insert(at, "{}[],:\"0-\n\0\ud800".charAt(random.nextInt(12)));
        }
      }
      try {
        TarFlowConfig.fromJson(damaged.toString());
      } catch (ConfigException e) {
        assertClean(e);
      }
    }
  }

  private static void assertOneLine(String expected, Runnable read) {
    ConfigException e = assertThrows(ConfigException.class, read::run);
    assertTrue(e.getMessage().contains(expected), e::getMessage);
    assertClean(e);
  }

  private static void assertClean(ConfigException e) {
    assertFalse(e.getMessage().contains("\n") || e.getMessage().contains("jackson") || e.getMessage().contains("Exception")
        || e.getMessage().contains("Source"), e::getMessage);
    assertTrue(e.getMessage().length() < 400, e::getMessage);
  }
}
