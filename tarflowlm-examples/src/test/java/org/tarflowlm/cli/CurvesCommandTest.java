package org.tarflowlm.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command draws several runs in one chart. */
class CurvesCommandTest {
  @TempDir private Path folder;

  private Path run(String name, double bits) throws IOException {
    Path run = Files.createDirectory(folder.resolve(name));
    Files.writeString(run.resolve("progress.jsonl"), "{\"step\": 1, \"tokens\": 100, \"trainBits\": 5, \"validBits\": " + bits + "}\n"
        + "{\"step\": 2, \"tokens\": 200, \"trainBits\": 4}\n{\"step\": 3, \"tokens\": 300, \"validBits\": " + (bits - 1) + "}\n");
    return run;
  }

  @Test
  void severalRunsGoIntoOneChart() throws IOException {
    Path one = run("one", 4);
    Path both = folder.resolve("both.png");
    Cli.run("curves", "one=" + one, "two workers=" + run("two", 4.5), "--output", both, "--title", "two").succeeds();
    assertEquals(900, ImageIO.read(both.toFile()).getWidth());
    Cli.run("curves", "one=" + one, "--output", folder.resolve("a.png")).succeeds();
    Cli.run("curves", "one=" + one, "--output", folder.resolve("b.png")).succeeds();
    assertArrayEquals(Files.readAllBytes(folder.resolve("a.png")), Files.readAllBytes(folder.resolve("b.png")));
  }

  @Test
  void aFolderWithoutALogIsTold() {
    Cli.run("curves", "none=" + folder, "--output", folder.resolve("x.png")).fails(2,
        folder + " has no progress.jsonl; expected the output folder of a run");
  }
}
