package org.tarflowlm.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program in README.md compiles as it stands, runs, and prints what README.md says. */
class ReadmeSnippetTest {
  private static final Pattern PROGRAM =
      Pattern.compile("^```java\\n(.*?)^```\\n(?:.*?)^```\\n(.*?)^```", Pattern.DOTALL | Pattern.MULTILINE);

  @Test
  void compilesAndRuns(@TempDir Path folder) throws Exception {
    Matcher program = PROGRAM.matcher(Files.readString(Path.of("..", "README.md")));
    assertTrue(program.find(), "README.md has no Java program with its output after it");
    String name = program.group(1).replaceFirst("(?s).*public class (\\w+).*", "$1");
    Path source = Files.writeString(folder.resolve(name + ".java"), program.group(1));
    ByteArrayOutputStream errors = new ByteArrayOutputStream();
    ToolProvider.getSystemJavaCompiler().run(null, null, errors, "-proc:none", "-cp", System.getProperty("java.class.path"), "-d",
        folder.toString(), source.toString());
    assertEquals("", errors.toString(StandardCharsets.UTF_8));

    List<String> shown = program.group(2).lines().toList();
    List<String> printed = run(folder, name).lines().toList();
    assertEquals(shown.size(), printed.size(), printed.toString());
    // the last digits of a likelihood may differ between processors, and a text with them
    assertEquals(bits(shown.get(0)), bits(printed.get(0)), 0.002);
    assertEquals(shown.get(0).replaceFirst("^[\\d.]+", ""), printed.get(0).replaceFirst("^[\\d.]+", ""));
    assertEquals(shown.get(1).length(), printed.get(1).length());
  }

  private static double bits(String line) {
    return Double.parseDouble(line.substring(0, line.indexOf(' ')));
  }

  private static String run(Path classes, String name) throws IOException, ReflectiveOperationException {
    PrintStream before = System.out;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    try (URLClassLoader loader = new URLClassLoader(new URL[] {classes.toUri().toURL()})) {
      loader.loadClass(name).getMethod("main", String[].class).invoke(null, (Object) new String[0]);
    } finally {
      System.setOut(before);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
