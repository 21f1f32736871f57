package org.tarflowlm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.TarFlowLM;

/**
 * The library runs inside another program: in a flat jar, on a foreign thread, under a Turkish locale, without a logger. Others can read
 * its files.
 */
class NeighbourTest {
  @TempDir private Path folder;

  @Test
  void worksInAFlatJarInAForeignThreadInAnotherLanguage() throws Exception {
    List<String> entries = Arrays.asList(System.getProperty("java.class.path").split(File.pathSeparator));
    String tests = entries.stream().filter(each -> each.contains("tarflowlm-examples") && each.contains("test-classes")).findFirst()
        .orElseThrow();
    // The flat jar keeps only the model's own service file, which comes first. No logger is bound.
    String library = entries.stream()
        .filter(each -> !each.contains("test-classes") && !each.matches(".*(log4j-core|log4j-slf4j|junit|archunit).*"))
        .sorted(Comparator.comparing(each -> !each.contains("tarflowlm-model"))).collect(Collectors.joining(File.pathSeparator));
    Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Duser.language=tr",
        "-Duser.country=TR", "-cp", tests, Neighbour.class.getName(), library, folder.resolve("saved").toString())
        .redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    try (TarFlowLM model = TarFlowLM.pretrained("text8-ar")) {
      double expected = model.score("call me ishmael some years ago").bitsPerCharacter();
      assertTrue(output.contains("bits " + expected), output + " expected " + expected);
    }
    assertTrue(output.contains("Generation"), output);
    String mode = PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("saved/model.safetensors")));
    Path ordinary = Files.writeString(folder.resolve("ordinary"), "");
    assertEquals(PosixFilePermissions.toString(Files.getPosixFilePermissions(ordinary)), mode);
  }
}
