package org.tarflowlm.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.checkpoint.safetensors.DType;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.train.FineTuneConfig;
import org.tarflowlm.train.RunConfig;

/** Checks README.md, docs/*.md and the packages' READMEs: links lead somewhere, commands parse, and named classes and tests exist. */
class DocsTest {
  private static final Path ROOT = Path.of("..");
  private static final Pattern FENCE = Pattern.compile("^```(\\w*)\\n(.*?)^```", Pattern.DOTALL | Pattern.MULTILINE);
  private static final Pattern LINK = Pattern.compile("\\[[^\\]]*\\]\\(([^)\\s]+)\\)");
  private static final Pattern COMMAND = Pattern.compile("(?:\\$ )?\\./tarflowlm (.*)");
  private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|(\\S+)");
  private static final Pattern TEST = Pattern.compile("`([A-Z]\\w+Test)(?:\\.(\\w+)(\\.\\.\\.)?)?`");

  private static final List<String> IMPORTS = List.of("java.io", "java.net", "java.nio.file", "java.util", "org.tarflowlm.config",
      "org.tarflowlm", "org.tarflowlm.checkpoint", "org.tarflowlm.data.corpus", "org.tarflowlm.data.documents",
      "org.tarflowlm.data.file", "org.tarflowlm.data.latent", "org.tarflowlm.data.tokenize", "org.tarflowlm.data.tokens",
      "org.tarflowlm.data.windows", "org.tarflowlm.eval", "org.tarflowlm.flow", "org.tarflowlm.generate", "org.tarflowlm.nn",
      "org.tarflowlm.train", "org.tarflowlm.zoo", "org.datavec.api.split", "org.deeplearning4j.datasets.datavec",
      "org.deeplearning4j.nn.graph",
      "org.nd4j.linalg.dataset.api", "org.nd4j.linalg.dataset.api.iterator");

  static List<Path> pages() throws IOException {
    try (Stream<Path> docs = Files.list(ROOT.resolve("docs"));
        Stream<Path> packages = Files.walk(ROOT.resolve("tarflowlm-model/src/main/java"))) {
      List<Path> pages = new ArrayList<>(List.of(ROOT.resolve("README.md")));
      Stream.concat(docs, packages).filter(page -> page.toString().endsWith(".md")).sorted().forEach(pages::add);
      return pages;
    }
  }

  @ParameterizedTest
  @MethodSource("pages")
  void linksLeadSomewhere(Path page) throws IOException {
    Matcher link = LINK.matcher(FENCE.matcher(Files.readString(page)).replaceAll(""));
    List<String> broken = new ArrayList<>();
    while (link.find()) {
      String target = link.group(1);
      if (target.matches("https?://.*|mailto:.*")) {
        continue;
      }
      String[] parts = target.split("#", 2);
      Path file = parts[0].isEmpty() ? page : page.resolveSibling(parts[0]);
      if (!Files.exists(file) || parts.length == 2 && file.toString().endsWith(".md") && !anchors(file).contains(parts[1])) {
        broken.add(target);
      }
    }
    assertEquals(List.of(), broken);
  }

  /** The anchors that GitHub makes of headings. */
  private static Set<String> anchors(Path page) throws IOException {
    String text = FENCE.matcher(Files.readString(page)).replaceAll("");
    return text.lines().filter(line -> line.startsWith("#"))
        .map(line -> line.replaceFirst("^#+ *", "").toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-'))
        .collect(Collectors.toSet());
  }

  @ParameterizedTest
  @MethodSource("pages")
  void commandsParse(Path page) throws IOException {
    for (String each : commands(Files.readString(page))) {
      String[] words = words(each);
      assertDoesNotThrow(() -> Main.commandLine().parseArgs(words), each);
      for (int i = 0; i + 1 < words.length; i++) {
        if (words[i].equals("--config") && words[i + 1].startsWith("tarflowlm-examples/")) {
          Path config = ROOT.resolve(words[i + 1]);
          assertDoesNotThrow(() -> List.of(words).contains("--from") ? FineTuneConfig.read(config) : RunConfig.read(config), each);
        }
      }
    }
  }

  /**
   * Commands that begin with ./tarflowlm, in fences and code spans. It passes over alternatives, ellipses, and spark, which has tests of
   * its own.
   */
  private static List<String> commands(String page) {
    List<String> candidates = new ArrayList<>();
    Matcher fence = FENCE.matcher(page);
    while (fence.find()) {
      fence.group(2).replace("\\\n", " ").lines().forEach(candidates::add);
    }
    Matcher span = Pattern.compile("`([^`\\n]+)`").matcher(FENCE.matcher(page).replaceAll(""));
    while (span.find()) {
      candidates.add(span.group(1));
    }
    List<String> result = new ArrayList<>();
    for (String each : candidates) {
      Matcher command = COMMAND.matcher(each.strip());
      if (command.matches() && Stream.of("...", " | ", "spark ").noneMatch((command.group(1) + " ")::contains)) {
        result.add(command.group(1).replaceFirst("\\s#.*", ""));
      }
    }
    return result;
  }

  private static String[] words(String command) {
    List<String> result = new ArrayList<>();
    Matcher word = WORD.matcher(command);
    while (word.find()) {
      result.add(word.group(1) != null ? word.group(1) : word.group(2));
    }
    return result.toArray(String[]::new);
  }

  @Test
  void theCommandsAreFound() throws IOException {
    List<String> commands = commands(Files.readString(ROOT.resolve("README.md")));
    assertTrue(commands.contains("demo") || commands.stream().anyMatch(each -> each.startsWith("demo ")), commands.toString());
  }

  /** If a page names a test as the witness of a promise, the test and its method exist. */
  @ParameterizedTest
  @MethodSource("pages")
  void testsThatAreNamedExist(Path page) throws IOException {
    Matcher named = TEST.matcher(Files.readString(page));
    TreeSet<String> missing = new TreeSet<>();
    while (named.find()) {
      String source = testSource(named.group(1));
      String method = named.group(2) == null ? "" : "void " + named.group(2) + (named.group(3) == null ? "(" : "");
      if (source == null || !source.contains(method)) {
        missing.add(named.group());
      }
    }
    assertEquals(Set.of(), missing);
  }

  private static String testSource(String name) throws IOException {
    for (String module : List.of("tarflowlm-data", "tarflowlm-model", "tarflowlm-examples", "tarflowlm-spark",
        "tarflowlm-spark/dl4j-spark")) {
      try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src/test/java"))) {
        String source = files.filter(file -> file.endsWith(name + ".java")).findFirst().map(DocsTest::read).orElse(null);
        if (source != null) {
          return source;
        }
      }
    }
    return null;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Each piece of Java compiles, alone or after the pieces before it on the page, with the imports that an editor would add. */
  @ParameterizedTest
  @ValueSource(strings = {"docs/scoring.md", "docs/data.md", "docs/training.md", "docs/fine-tuning.md", "docs/checkpoints.md",
      "docs/generating.md"})
  void javaCompiles(String page, @TempDir Path folder) throws IOException {
    Matcher fence = FENCE.matcher(Files.readString(ROOT.resolve(page)));
    StringBuilder before = new StringBuilder();
    while (fence.find()) {
      if (fence.group(1).equals("java")) {
        String alone = errorsOfCompiling(snippet(folder, fence.group(2)), folder);
        if (!alone.isEmpty()) {
          assertEquals("", errorsOfCompiling(snippet(folder, before + fence.group(2)), folder), fence.group(2) + "alone: " + alone);
        }
        before.append(fence.group(2));
      }
    }
  }

  private static Path snippet(Path folder, String statements) throws IOException {
    String imports = IMPORTS.stream().map(each -> "import " + each + ".*;\n").collect(Collectors.joining());
    return Files.writeString(folder.resolve("Snippet.java"),
        imports + "import org.tarflowlm.TarFlowLM;\nimport org.tarflowlm.data.file.Progress;\n"
            + "class Snippet {\n  void run() throws Exception {\n" + statements + "  }\n}\n");
  }

  /** The compiler's messages; empty if all is well. */
  private static String errorsOfCompiling(Path source, Path classes) {
    ByteArrayOutputStream errors = new ByteArrayOutputStream();
    int code = ToolProvider.getSystemJavaCompiler().run(null, null, errors, "-proc:none", "-cp", System.getProperty("java.class.path"),
        "-d", classes.toString(), source.toString());
    return code == 0 ? "" : errors.toString(StandardCharsets.UTF_8);
  }

  /** The Python reader of docs/checkpoints.md gives Java's weights. The test needs Python with NumPy. */
  @ParameterizedTest
  @EnumSource(value = DType.class, names = {"F32", "F16", "BF16"})
  void thePythonReaderReadsTheWeights(DType dtype, @TempDir Path folder) throws Exception {
    TinyModels.checkpoint(ModelType.TARFLOW).save(folder.resolve("model"), dtype, false);
    Matcher fence = Pattern.compile("^```python\\n(.*?)^```", Pattern.DOTALL | Pattern.MULTILINE)
        .matcher(Files.readString(ROOT.resolve("docs/checkpoints.md")));
    assertTrue(fence.find());
    Files.writeString(folder.resolve("reader.py"), fence.group(1) + "import sys\nfor name, tensor in load(sys.argv[1]).items():\n"
        + "    print(name, list(tensor.shape), repr(float(tensor.sum(dtype='f8'))))\n");
    List<String> found = python(folder, "reader.py", "model/model.safetensors");
    List<String> expected = new ArrayList<>();
    Checkpoint.load(folder.resolve("model")).tensors().forEach((name, tensor) -> {
      double sum = IntStream.range(0, tensor.values().length).mapToDouble(i -> tensor.values()[i]).sum();
      String line = found.get(expected.size());
      expected.add(line);
      assertTrue(line.startsWith(name + " " + Arrays.toString(tensor.shape()) + " "), line);
      assertEquals(sum, Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)), 1e-9 * (1 + Math.abs(sum)), line);
    });
    assertEquals(expected, found);
  }

  private static List<String> python(Path folder, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("python3"));
    try {
      Process probe = new ProcessBuilder("python3", "-c", "import numpy").redirectErrorStream(true).start();
      Assumptions.assumeTrue(probe.waitFor() == 0, "no NumPy");
    } catch (IOException e) {
      Assumptions.abort("no Python");
    }
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    return output.lines().toList();
  }

  /** Builds the tokenizer of docs/own-tokenizer.md as a reader of that page would. */
  @Test
  void theTokenizerOfThePageWorks(@TempDir Path folder) throws IOException {
    Matcher fence = FENCE.matcher(Files.readString(ROOT.resolve("docs/own-tokenizer.md")));
    assertTrue(fence.find());
    Path source = folder.resolve("Dna.java");
    Files.writeString(source, fence.group(2));
    Path classes = Files.createDirectories(folder.resolve("classes"));
    assertEquals("", errorsOfCompiling(source, classes));
    Path services = Files.createDirectories(classes.resolve("META-INF/services"));
    Files.writeString(services.resolve(Tokenizer.class.getName()), "Dna\n");
    ClassLoader before = Thread.currentThread().getContextClassLoader();
    try (URLClassLoader loader = new URLClassLoader(new URL[] {classes.toUri().toURL()}, before)) {
      Thread.currentThread().setContextClassLoader(loader);
      Tokenizer dna = Tokenizers.byName("dna");
      assertArrayEquals(new int[] {3, 1, 4, 0}, dna.encode("GATN"));
      assertArrayEquals("GATN".getBytes(StandardCharsets.US_ASCII), dna.decodeBytes(new int[] {3, 1, 4, 0}));
    } finally {
      Thread.currentThread().setContextClassLoader(before);
    }
  }
}
