package org.tarflowlm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tarflowlm.config.InitSpec.Positions;
import org.tarflowlm.config.ModelSize;
import org.tarflowlm.config.PaperConfigs;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.config.TextFormat;
import org.tarflowlm.config.Variant;
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.json.RecordJson;
import org.tarflowlm.train.RunConfig;

/** The run configurations that come with the project. */
class RunConfigurationsTest {
  private static final Path FOLDER = Path.of("configs");

  /** The runs in all files, under the names by which {@code --config} finds them. */
  static List<String> all() throws IOException {
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(FOLDER, "*.json")) {
      for (Path file : files) {
        RecordJson.parse(Files.readString(file)).path("runs").fieldNames().forEachRemaining(name -> names.add(name + ".json"));
      }
    }
    assertTrue(names.size() > 50, names.toString());
    return names;
  }

  /** Trunks with in-token flows and the paper's shapes. */
  static List<String> newest() throws IOException {
    return all().stream().filter(name -> name.startsWith("paper-") || name.contains("-trunk")).toList();
  }

  @ParameterizedTest
  @MethodSource("all")
  void isWellFormed(String name) {
    assertTrue(RunConfig.read(FOLDER.resolve(name)).training().steps() > 0);
  }

  @ParameterizedTest
  @MethodSource("newest")
  void readsAndStartsWithSinusoidalPositions(String name) {
    RunConfig run = RunConfig.read(FOLDER.resolve(name));
    assertEquals(Positions.SINUSOIDAL, run.model().init().positions());
    assertEquals(Tokenizers.byName(run.tokenizer()).vocabSize(), run.model().vocabSize());
    assertTrue(ParameterShapes.parameterCount(run.model()) > 500_000);
  }

  @ParameterizedTest
  @CsvSource({"affine, AFFINE", "mix1, MIX_1", "mixd, MIX_D", "ar, AUTOREGRESSIVE"})
  void paperShapesAreThePresets(String name, Variant variant) {
    for (TextFormat format : List.of(TextFormat.TEXT8, TextFormat.OPENWEBTEXT)) {
      String file = "paper-" + (format == TextFormat.TEXT8 ? "text8" : "openwebtext") + "-" + name + ".json";
      TarFlowConfig expected = PaperConfigs.of(format, variant, ModelSize.PAPER);
      assertEquals(expected, RunConfig.read(FOLDER.resolve(file)).model(), file);
    }
  }
}
