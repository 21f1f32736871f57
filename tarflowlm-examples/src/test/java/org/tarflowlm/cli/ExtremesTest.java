package org.tarflowlm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.checkpoint.CheckpointInfo;
import org.tarflowlm.checkpoint.safetensors.FloatTensor;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.documents.Excerpt;

/** Options and weights take extreme numbers; every command gives a result of finite numbers, or one line. */
class ExtremesTest {
  private static final List<String> NUMBERS = List.of("1e-300", "1e-3", "1e3", "1e300", "0", "NaN", "Infinity");
  private static final List<String> COUNTS = List.of("1", "-1", "27", "2147483647", "99999999999");
  private static final Map<String, List<String>> OPTIONS = new LinkedHashMap<>();

  static {
    OPTIONS.put("--temperature", NUMBERS);
    OPTIONS.put("--noise-temperature", NUMBERS);
    OPTIONS.put("--top-p", List.of("1e-300", "1", "0", "NaN", "1.0000001"));
    OPTIONS.put("--top-k", COUNTS);
    OPTIONS.put("--tokens", List.of("0", "1", "33", "2147483647", "99999999999"));
    OPTIONS.put("--batch-size", List.of("0", "-1", "3", "2147483647"));
    OPTIONS.put("--refinements", List.of("1", "-1", "2147483647"));
    OPTIONS.put("--seed", List.of("0", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808"));
    OPTIONS.put("--stop", List.of("", "a", "no such text"));
  }

  @TempDir private static Path folder;

  @BeforeAll
  static void makeModels() {
    TinyModels.checkpoint(ModelType.TARFLOW).save(folder.resolve("mixd"));
    TinyModels.checkpoint(ModelType.AUTOREGRESSIVE).save(folder.resolve("ar"));
    FlowSpec mix1 = FlowSpec.mix1(1, 3, Direction.LEFT_TO_RIGHT);
    save("mix1", 1, mix1, FlowSpec.affine(1, Direction.RIGHT_TO_LEFT));
    save("affine", 2, FlowSpec.affine(1, Direction.RIGHT_TO_LEFT), FlowSpec.affine(0, Direction.RIGHT_TO_LEFT));
  }

  private static void save(String name, int patch, FlowSpec... flows) {
    TarFlowConfig config = new TarFlowConfig(ModelType.TARFLOW, 27, 32, 4, 16, 2, patch, null, List.of(flows), null, null, 16, null);
    TinyModels.checkpoint(config).save(folder.resolve(name));
  }

  static List<String> models() {
    return List.of("mixd", "ar", "mix1", "affine");
  }

  private static String call(String... words) {
    List<Object> arguments = new ArrayList<>(List.of(words));
    arguments.add(2, folder.resolve(words[2]));
    arguments.remove(3);
    Cli cli = assertTimeoutPreemptively(Duration.ofSeconds(60), () -> Cli.run(arguments.toArray()), String.join(" ", words));
    return problem(cli);
  }

  /** Empty if the result has finite numbers only, or the command fails with one line that names no exception. */
  private static String problem(Cli cli) {
    if (cli.code() == 0) {
      return cli.out().matches("(?s).*\\b(NaN|-?Infinity)\\b.*") ? cli.out() : "";
    }
    boolean oneLine = cli.err().lines().count() == 1 && cli.err().startsWith("tarflowlm") && cli.err().length() < 1_200
        && !cli.err().contains("Exception") && !cli.err().contains("unexpected");
    return oneLine ? "" : cli.code() + ": " + cli.err();
  }

  @ParameterizedTest
  @MethodSource("models")
  void everyOptionAtItsExtremes(String model) {
    Map<String, String> problems = new TreeMap<>();
    OPTIONS.forEach((option, values) -> values.forEach(value -> {
      for (String decoding : option.endsWith("temperature") ? List.of("sequential", "parallel") : List.of("parallel")) {
        List<String> words = new ArrayList<>(List.of("generate", "--model", model, "--json", "--decoding", decoding, option, value));
        if (!option.equals("--tokens")) {
          words.addAll(List.of("--tokens", "6"));
        }
        String problem = call(words.toArray(String[]::new));
        if (!problem.isEmpty()) {
          problems.put(String.join(" ", words), problem);
        }
      }
    }));
    assertEquals(Map.of(), problems);
  }

  @ParameterizedTest
  @MethodSource("models")
  void weightsThatAreFiniteButAbsurd(String model) throws IOException {
    Checkpoint sound = Checkpoint.load(folder.resolve(model));
    Path text = Files.writeString(folder.resolve("text"), Excerpt.text().substring(0, 200));
    Map<String, String> problems = new TreeMap<>();
    for (float scale : new float[] {1e3f, 1e10f, 3e38f}) {
      Map<String, FloatTensor> tensors = new LinkedHashMap<>();
      sound.tensors().forEach((name, tensor) -> {
        float[] values = tensor.values().clone();
        for (int i = 0; i < values.length; i++) {
          values[i] = Math.copySign(scale, values[i]);
        }
        tensors.put(name, new FloatTensor(tensor.shape(), values));
      });
      new Checkpoint(sound.config(), CheckpointInfo.of("text8"), tensors, "").save(folder.resolve(model + scale));
      for (String[] words : new String[][] {{"score", "--model", model + scale, "--json", "--input", text.toString()},
          {"score", "--model", model + scale, "--input", text.toString(), "--samples", "2"},
          {"generate", "--model", model + scale, "--json", "--tokens", "20", "--prompt", "call me "},
          {"generate", "--model", model + scale, "--json", "--tokens", "20", "--decoding", "parallel", "--temperature", "1e-3"}}) {
        String problem = call(words);
        if (!problem.isEmpty()) {
          problems.put(String.join(" ", words), problem);
        }
      }
    }
    assertEquals(Map.of(), problems);
  }

  @ParameterizedTest
  @ValueSource(strings = {"de-DE", "ar-EG", "tr-TR"})
  void figuresAreThoseOfNoCountry(String language) throws IOException {
    Path text = Files.writeString(folder.resolve("text"), Excerpt.text().substring(0, 200));
    Object[] call = {"score", "--model", folder.resolve("ar"), "--input", text};
    Locale before = Locale.getDefault();
    try {
      Locale.setDefault(Locale.US);
      String expected = Cli.run("data", "stats", text).succeeds().out() + Cli.run(call).out().lines().findFirst().orElseThrow();
      Locale.setDefault(Locale.forLanguageTag(language));
      assertEquals(expected, Cli.run("data", "stats", text).succeeds().out() + Cli.run(call).out().lines().findFirst().orElseThrow());
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void promptsAndStopsAreTextWhateverTheyLookLike() {
    for (String prompt : List.of("@note", "--help", "-s", "--seed=1")) {
      Cli.run("generate", "--model", folder.resolve("ar"), "--prompt", prompt, "--tokens", "1")
          .fails(1, "character '" + prompt.charAt(0) + "'", "at offset 0 is outside the text8 alphabet");
      Cli.run("generate", "--model", folder.resolve("ar"), "--stop=" + prompt, "--prompt=generate", "--tokens", "1").succeeds();
    }
  }

  @Test
  void scoringAtItsExtremes() throws IOException {
    Path text = Files.writeString(folder.resolve("text"), Excerpt.text().substring(0, 200));
    Map<String, String> problems = new TreeMap<>();
    for (String model : models()) {
      for (String option : List.of("--samples 0", "--samples 2147483647", "--stride 0", "--stride 31", "--stride 30", "--stride 2147483647",
          "--max-chars 1", "--max-chars 33", "--max-chars 9223372036854775807", "--seed -9223372036854775808")) {
        String words = "score --model " + model + " --input " + text + " --json " + option;
        String problem = call(words.split(" "));
        if (!problem.isEmpty()) {
          problems.put(words, problem);
        }
      }
    }
    assertEquals(Map.of(), problems);
  }

  @Test
  void messagesDoNotRepeatAWholeText() {
    for (Object[] call : new Object[][] {{"x".repeat(100_000)}, {"generate", "--model", "y".repeat(100_000)},
        {"generate", "--model", folder.resolve("ar"), "--prompt", "Z".repeat(100_000)}, {"generate", "--tokens", "9".repeat(100_000)}}) {
      Cli cli = Cli.run(call);
      assertEquals("", problem(cli));
      assertFalse(cli.code() == 0);
    }
  }

  @Test
  void theBackendThatIsNotThereIsRefused() {
    Cli.run("--backend", "cuda", "zoo", "list").fails(2, "--backend is cuda; the class path holds cpu (TARFLOWLM_BACKEND=cuda");
    Cli.run("zoo", "list", "--backend", "gpu").fails(2, "expected one of", "cpu, avx2, avx512, cuda");
    assertTrue(Cli.run("zoo", "list", "--backend", "cpu").succeeds().out().contains("text8-mixd"));
  }

  @Test
  void whatKeepsClassesFromLoadingIsOneLine() {
    Error unlinked = new NoClassDefFoundError("Could not initialize class A");
    unlinked.initCause(
        new ExceptionInInitializerError(new IllegalArgumentException("tarflowlm.threads is 'x';\n expected a whole number")));
    Map<Throwable, String> cases = Map.of(unlinked, "tarflowlm.threads is 'x'; expected a whole number",
        new ExceptionInInitializerError(new UnsatisfiedLinkError("no jni in path\nmore")),
        "a library cannot be loaded: no jni in path more; ",
        new IllegalStateException(new OutOfMemoryError("Java heap space")), "out of memory (Java heap space); TARFLOWLM_JAVA_OPTS=-Xmx8g",
        new StackOverflowError(), "too deep for the stack; TARFLOWLM_JAVA_OPTS=-Xss8m",
        new NullPointerException("x is null"), "unexpected java.lang.NullPointerException: x is null; TARFLOWLM_JAVA_OPTS=-Dtarflowlm.log");
    cases.forEach((failure, expected) -> {
      String line = Start.line(failure);
      assertTrue(line.startsWith(expected) && line.lines().count() == 1, line);
    });
  }
}
