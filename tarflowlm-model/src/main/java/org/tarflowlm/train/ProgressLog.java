package org.tarflowlm.train;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.tarflowlm.data.file.AtomicFile;
import org.tarflowlm.data.file.IoErrors;

/** The run's log: one JSON object per line. */
final class ProgressLog {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path file;

  ProgressLog(Path file) {
    this.file = file;
  }

  void append(Progress progress) throws IOException {
    try {
      Files.writeString(file, JSON.writeValueAsString(progress) + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw IoErrors.unwritable(file, e);
    }
  }

  /** Drops the lines of steps after the checkpoint that a resumed run continues from: they will be written again. */
  void truncateAfter(int step) throws IOException {
    if (!Files.exists(file)) {
      return;
    }
    List<String> kept = new ArrayList<>();
    for (String line : Files.readAllLines(file)) {
      try {
        if (JSON.readTree(line).path("step").asInt(Integer.MAX_VALUE) <= step) {
          kept.add(line);
        }
      } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
        break; // a line cut short by a kill is the last one
      }
    }
    AtomicFile.write(file, kept.isEmpty() ? "" : String.join("\n", kept) + "\n");
  }
}
