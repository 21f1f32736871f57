package org.tarflowlm.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.data.documents.Excerpt;

/** Two {@link TinyModels} and a text as files, for tests of commands. */
abstract class TinyModelFiles {
  static final String TEXT = Excerpt.text().substring(0, 1000);

  @TempDir
  static Path folder;

  static Path flows;
  static Path discrete;
  /** Holds {@link #TEXT}. */
  static Path text;

  @BeforeAll
  static void makeModels() throws IOException {
    flows = folder.resolve("flows");
    discrete = folder.resolve("discrete");
    TinyModels.checkpoint(ModelType.TARFLOW).save(flows);
    TinyModels.checkpoint(ModelType.AUTOREGRESSIVE).save(discrete);
    text = Files.writeString(folder.resolve("text"), TEXT + "\n");
  }
}
