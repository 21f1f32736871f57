package org.tarflowlm.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelSize;
import org.tarflowlm.config.PaperConfigs;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.config.TextFormat;
import org.tarflowlm.config.Variant;
import org.tarflowlm.json.ConfigException;
import org.tarflowlm.json.RecordJson;

/** Configurations say how they differ from another one, and which have the paper's form. */
class BaseFileTest {
  @TempDir
  private Path folder;

  private Path write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  private static final String WHOLE = "{\"vocabSize\": 27, \"contextLength\": 8, \"latentDim\": 2, \"width\": 8, \"heads\": 2, "
      + "\"codebook\": {\"sigma\": 0.5, \"meanScale\": 2}, \"flows\": [{\"coupling\": \"AFFINE\", \"layers\": 1, \"direction\": "
      + "\"LEFT_TO_RIGHT\"}]}";

  @Test
  void objectsAreMergedAndAllElseIsReplaced() throws IOException {
    write("whole.json", WHOLE);
    write("wider.json", "{\"base\": \"whole.json\", \"width\": 16, \"codebook\": {\"sigma\": 0.25}}");
    Path file = write("deeper.json", "{\"base\": \"wider.json\", \"flows\": [{\"coupling\": \"MIX_1\", \"layers\": 2, \"mixtures\": 3, "
        + "\"direction\": \"RIGHT_TO_LEFT\"}]}");
    TarFlowConfig found = RunConfig.readWithBase(file, TarFlowConfig.class);
    assertEquals(16, found.width());
    assertEquals(0.25, found.codebook().sigma());
    assertEquals(2.0, found.codebook().meanScale());
    assertEquals(List.of(FlowSpec.mix1(2, 3, Direction.RIGHT_TO_LEFT)), found.flows());
  }

  @Test
  void aFileHoldsSeveralByName() throws IOException {
    write("several.json", "{\"title\": \"x\", \"runs\": {\"whole\": " + WHOLE + ", \"wide\": {\"base\": \"whole.json\", \"width\": 16}}}");
    assertEquals(16, RunConfig.readWithBase(folder.resolve("wide.json"), TarFlowConfig.class).width());
    write("own.json", "{\"base\": \"wide.json\", \"heads\": 4}");
    assertEquals(4, RunConfig.readWithBase(folder.resolve("own.json"), TarFlowConfig.class).heads());
    write("twice.json", "{\"runs\": {\"wide\": {}}}");
    Path wide = folder.resolve("wide.json");
    assertEquals(wide + ": no such file, and 2 files beside it hold a run wide",
        assertThrows(ConfigException.class, () -> RunConfig.readWithBase(wide, TarFlowConfig.class)).getMessage());
  }

  @Test
  void messagesNameTheFile() throws IOException {
    Path file = write("own.json", "{\"base\": \"missing.json\"}");
    String message = assertThrows(ConfigException.class, () -> RunConfig.readWithBase(file, TarFlowConfig.class)).getMessage();
    assertTrue(message.startsWith(file + ": base ") && message.contains("missing.json"), message);
    Path circle = write("circle.json", "{\"base\": \"circle.json\"}");
    String endless = assertThrows(ConfigException.class, () -> RunConfig.readWithBase(circle, TarFlowConfig.class)).getMessage();
    assertTrue(endless.endsWith("base inherits from more than 8 files; expected a shorter chain"), endless);
    Path number = write("number.json", "{\"base\": 3}");
    assertTrue(assertThrows(ConfigException.class, () -> RunConfig.readWithBase(number, TarFlowConfig.class)).getMessage()
        .contains("base is 3; expected the name of a file"));
    // a configuration from elsewhere names no other file
    assertThrows(ConfigException.class, () -> RecordJson.read(file, TarFlowConfig.class));
  }

  @Test
  void thePapersConfigurationsHaveItsFormAndOursHaveNot() {
    for (ModelSize size : List.of(ModelSize.PAPER)) {
      for (Variant variant : Variant.values()) {
        TarFlowConfig config = PaperConfigs.of(TextFormat.TEXT8, variant, size);
        assertTrue(PaperConfigs.hasForm(config, variant == Variant.MIX_D), variant.name());
        assertEquals(variant == Variant.AUTOREGRESSIVE, PaperConfigs.hasForm(config, variant != Variant.MIX_D), variant.name());
      }
    }
    TarFlowConfig mix1 = PaperConfigs.of(TextFormat.TEXT8, Variant.MIX_1, ModelSize.PAPER);
    assertTrue(!PaperConfigs.hasForm(PaperConfigs.of(TextFormat.TEXT8, Variant.MIX_1, ModelSize.SMALL), false), "on a grid");
    assertTrue(!PaperConfigs.hasForm(mix1.withFlows(mix1.flows().subList(0, 2)), false), "two flows");
  }
}
