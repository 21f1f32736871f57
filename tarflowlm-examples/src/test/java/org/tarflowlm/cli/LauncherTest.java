package org.tarflowlm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The launcher beside stand-ins for java and mvn: from anywhere, on any machine, it runs the right thing or says one line. */
@EnabledOnOs(OS.LINUX)
class LauncherTest {
  private static final List<String> MODULES = List.of("tarflowlm-data", "zoo-weights", "tarflowlm-model", "tarflowlm-examples");
  /** All that it may need beside java and mvn. */
  private static final List<String> TOOLS = List.of("bash", "cat", "cksum", "cp", "cut", "dirname", "env", "find", "flock", "grep", "head",
      "locale", "mkdir", "mv", "readlink", "rm", "sed", "sleep", "sort", "tail", "touch", "tr", "uname");
  private static final Map<String, String> LIBRARIES = Map.of("cpu", "nd4j-native-1-linux-x86_64.jar", "avx512",
      "nd4j-native-1-linux-x86_64-avx512.jar", "cuda", "nd4j-cuda-11.6-1.jar");
  private static final String FLAGS = """
         size_t MaxHeapSize                              = 6320816128                                {product} {ergonomic}
          uintx NewRatio                                 = 2                                         {product} {default}
         size_t NewSize                                  = 1363144                                   {product} {default}
           bool UseG1GC                                  = true                                      {product} {ergonomic}
           bool UseSerialGC                              = false                                     {product} {default}
      openjdk version "17.0.15" 2025-04-15
      """;

  @TempDir private Path folder;
  private Path project;
  private Path tools;
  private final Map<String, String> environment = new HashMap<>();

  @BeforeEach
  void makeAProject() throws IOException {
    project = Files.createDirectory(folder.resolve("Mein Projekt für Ölfässer"));
    Files.copy(Path.of("..", "tarflowlm"), project.resolve("tarflowlm"));
    assertTrue(project.resolve("tarflowlm").toFile().setExecutable(true));
    Files.writeString(project.resolve("pom.xml"), "<project/>");
    for (String module : MODULES) {
      write(module + "/pom.xml", "<project/>");
      write(module + "/src/main/java/Source.java", "class Source {}");
    }
    tools = Files.createDirectory(folder.resolve("tools"));
    for (String tool : TOOLS) {
      for (String bin : List.of("/usr/bin", "/bin")) {
        if (Files.exists(Path.of(bin, tool)) && !Files.exists(tools.resolve(tool))) {
          Files.createSymbolicLink(tools.resolve(tool), Path.of(bin, tool));
        }
      }
    }
    tool("java", "if [ \"${!#}\" = -version ]; then cat '" + folder + "/flags'; exit; fi\n"
        + "printf '%s\\n' \"$@\"; echo \"LC_ALL=${LC_ALL:-}\"");
    Files.writeString(folder.resolve("flags"), FLAGS);
    for (String library : LIBRARIES.values()) {
      Files.writeString(folder.resolve(library), "");
    }
    maven("");
    environment.put("PATH", tools.toString());
  }

  /** A Maven that writes down how it was called and leaves what the real one leaves; {@code before} comes first. */
  private void maven(String before) throws IOException {
    StringBuilder script = new StringBuilder("echo \"${TARFLOWLM_BACKEND:-} $*\" >>'" + folder + "/calls'\n" + before + "\n");
    MODULES.forEach(module -> script.append("mkdir -p ").append(module).append("/target/classes\n"));
    script.append("case $TARFLOWLM_BACKEND in\n");
    LIBRARIES.forEach((backend, library) -> script.append(backend).append(") library='").append(folder.resolve(library)).append("';;\n"));
    script.append("esac\necho \"$PWD/tarflowlm-data/target/tarflowlm-data-1.jar:$library\" >tarflowlm-examples/target/classpath.txt\n");
    tool("mvn", script.toString());
  }

  private void tool(String name, String script) throws IOException {
    Path file = Files.writeString(tools.resolve(name), "#!/bin/bash\n" + script + "\n");
    assertTrue(file.toFile().setExecutable(true));
  }

  private void write(String file, String text) throws IOException {
    Files.createDirectories(project.resolve(file).getParent());
    Files.writeString(project.resolve(file), text);
  }

  private List<String> mavenCalls() throws IOException {
    Path calls = folder.resolve("calls");
    return Files.exists(calls) ? Files.readAllLines(calls) : List.of();
  }

  private record Run(int code, List<String> out, String err) {
    String classPath() {
      return out.get(out.indexOf("-cp") + 1);
    }

    void succeeds() {
      assertEquals(0, code, err);
      assertTrue(out.contains("org.tarflowlm.cli.Start"), out.toString());
    }

    void fails(String message) {
      assertTrue(code != 0 && out.isEmpty(), out.toString());
      assertEquals(1, err.lines().filter(line -> !line.contains(": building")).count(), err);
      assertTrue(err.contains("tarflowlm: ") && err.contains(message), err);
    }
  }

  private Process start(Path workingFolder, String... command) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).directory(workingFolder.toFile());
    builder.environment().clear();
    builder.environment().putAll(environment);
    builder.redirectError(Files.createTempFile(folder, "err", "").toFile());
    return builder.start();
  }

  private Run run(Path workingFolder, String... command) throws IOException, InterruptedException {
    Process process = start(workingFolder, command);
    List<String> out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    int code = process.waitFor();
    try (var files = Files.list(folder)) {
      Path err = files.filter(file -> file.getFileName().toString().startsWith("err")).findFirst().orElseThrow();
      String said = Files.readString(err);
      Files.delete(err);
      return new Run(code, out, said);
    }
  }

  private Run run(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(project.resolve("tarflowlm").toString()));
    command.addAll(List.of(arguments));
    return run(folder, command.toArray(String[]::new));
  }

  /** Spark brings other versions of libraries: its command has a class path of its own, and nobody else builds it. */
  @Test
  void theCommandSparkIsBuiltByItself() throws Exception {
    write("tarflowlm-spark/pom.xml", "<project/>");
    write("tarflowlm-spark/src/main/java/Source.java", "class Source {}");
    maven("mkdir -p tarflowlm-spark/target/classes\n"
        + "echo '" + folder.resolve(LIBRARIES.get("cpu")) + "' >tarflowlm-spark/target/classpath.txt");
    Run run = run("spark", "score", "--input", "a");
    assertEquals(0, run.code, run.err);
    int main = run.out.indexOf("org.tarflowlm.spark.Main");
    assertEquals(List.of("score", "--input", "a"), run.out.subList(main + 1, main + 4));
    assertTrue(mavenCalls().get(0).contains("-pl tarflowlm-spark -am"), mavenCalls().toString());
    assertFalse(run.classPath().contains("tarflowlm-examples"), run.classPath());
    assertEquals(1, mavenCalls().size());
    assertTrue(run("spark", "score").out.contains("org.tarflowlm.spark.Main"));
    assertEquals(1, mavenCalls().size(), "built once");
  }

  @Test
  void worksFromAnywhere() throws Exception {
    Path elsewhere = Files.createDirectories(folder.resolve("else where/bin"));
    Path direct = Files.createSymbolicLink(elsewhere.resolve("tarflowlm"), project.resolve("tarflowlm"));
    Path relative = Files.createSymbolicLink(folder.resolve("relative"), folder.relativize(project.resolve("tarflowlm")));
    Path chain = Files.createSymbolicLink(elsewhere.resolve("chain"), Path.of("../../relative"));
    environment.put("CDPATH", ".:" + folder + ":" + project);
    for (String called : List.of(project.resolve("tarflowlm").toString(), direct.toString(), relative.toString(), chain.toString())) {
      Run run = run(elsewhere, called, "generate", "--prompt", "a  b *");
      run.succeeds();
      assertTrue(run.classPath().startsWith(folder.resolve(LIBRARIES.get("cpu")) + ":"), run.classPath());
      assertTrue(run.classPath().contains(":" + project + "/tarflowlm-examples/target/classes:"), run.classPath());
      assertEquals(List.of("generate", "--prompt", "a  b *"), run.out().subList(run.out().indexOf("generate"), run.out().size() - 1));
    }
    environment.put("PATH", elsewhere + ":" + tools);
    run(folder, "bash", "-c", "tarflowlm --version").succeeds();
    run(project, "./tarflowlm").succeeds();
    run(project, "bash", "tarflowlm").succeeds();
    assertEquals(1, mavenCalls().size());
  }

  @Test
  void buildsOnlyWhatItNeedsAndOnlyWhenItMust() throws Exception {
    run().succeeds();
    assertEquals(List.of("cpu -q -B -Dlauncher -Djacoco.skip -pl tarflowlm-examples -am process-classes"), mavenCalls());
    Files.delete(tools.resolve("mvn"));
    FileTime future = FileTime.from(Instant.now().plusSeconds(3_600));
    Files.setLastModifiedTime(project.resolve("pom.xml"), future);
    run().succeeds(); // other times, the same content
    project = Files.move(project, folder.resolve("moved"));
    assertTrue(run().classPath().contains(":" + project + "/tarflowlm-examples/target/classes:"));
    write("tarflowlm-spark/src/main/java/Other.java", "class Other {}");
    run().succeeds(); // a module that it does not need
    write("tarflowlm-model/src/main/java/Source.java", "class Source { }");
    Files.setLastModifiedTime(project.resolve("tarflowlm-model/src/main/java/Source.java"), future);
    run().fails("needs Maven 3.6.3 or newer to build; found no mvn");
    maven("");
    run().succeeds();
    Files.delete(folder.resolve(LIBRARIES.get("cpu")));
    maven(": >'" + folder.resolve(LIBRARIES.get("cpu")) + "'");
    run().succeeds();
    assertEquals(3, mavenCalls().size());
  }

  @Test
  void aBuildThatFailsIsOneLineAndIsDoneAgain() throws Exception {
    maven("echo '[ERROR] Source.java:[1,2] what is wrong'; echo '[ERROR] and more'; exit 1");
    run().fails("the build failed: [ERROR] Source.java:[1,2] what is wrong; all of it is in " + project);
    maven("");
    run().succeeds();
    assertEquals(2, mavenCalls().size());
    Files.delete(project.resolve("tarflowlm-examples/target/classpath.txt"));
    try (var files = Files.walk(project.resolve("tarflowlm-examples/target"))) {
      for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
    Files.writeString(project.resolve("tarflowlm-examples/target"), "a file: nothing can be written here");
    run().fails("tarflowlm-examples/target cannot be written; build it as a user who can");
  }

  @Test
  void ofTwoThatFindNothingBuiltOneBuilds() throws Exception {
    maven("sleep 0.3");
    Process one = start(folder, project.resolve("tarflowlm").toString());
    Process two = start(folder, project.resolve("tarflowlm").toString());
    assertEquals(0, one.waitFor());
    assertEquals(0, two.waitFor());
    assertEquals(1, mavenCalls().size());
  }

  @Test
  void theBackendIsThatOfTheEnvironmentOrOfTheLastBuild() throws Exception {
    run().succeeds();
    environment.put("TARFLOWLM_BACKEND", "cuda");
    run().succeeds();
    environment.remove("TARFLOWLM_BACKEND");
    write("tarflowlm-data/src/main/java/Source.java", "class Source { }");
    run().succeeds(); // builds again, as before
    write("tarflowlm-examples/target/classpath.txt", folder.resolve(LIBRARIES.get("avx512")) + "\n"); // mvn -Pavx512 package
    run().succeeds();
    write("tarflowlm-data/src/main/java/Source.java", "class  Source { }");
    run().succeeds();
    assertEquals(List.of("cpu", "cuda", "cuda", "avx512"), mavenCalls().stream().map(call -> call.split(" ")[0]).toList());
    assertTrue(mavenCalls().get(3).contains("-P avx512 "), mavenCalls().toString());
    environment.put("TARFLOWLM_BACKEND", "gpu");
    run().fails("TARFLOWLM_BACKEND is 'gpu'; expected cpu, avx2, avx512 or cuda");
  }

  @ParameterizedTest
  @CsvSource({"1.8.0_352, 1", "11.0.2, 11"})
  void anOldJavaIsRefused(String version, String found) throws Exception {
    Files.writeString(folder.resolve("flags"), "openjdk version \"" + version + "\"\n");
    run().fails("needs JDK 17 or newer; found version " + found);
  }

  @Test
  void aJavaThatIsMissingOrDoesNotStartIsOneLine() throws Exception {
    tool("java", "echo 'Picked up JAVA_TOOL_OPTIONS: -Xfoo' >&2\n"
        + "echo 'Error occurred during initialization of VM' >&2; echo 'No room'; exit 1");
    run().fails("java does not start (java): Error occurred during initialization of VM No room");
    environment.put("JAVA_HOME", "/no/such/folder");
    run().fails("needs JDK 17 or newer; found no java (/no/such/folder/bin/java)");
  }

  @Test
  void optionsOfTheUserAreNotContradicted() throws Exception {
    List<String> usual = run().out();
    assertTrue(usual.containsAll(List.of("-XX:+UseParallelGC", "-Xmn64m", "-XX:+DisplayVMOutputToStderr")), usual.toString());
    assertFalse(usual.contains("--enable-native-access=ALL-UNNAMED"), usual.toString());
    for (String origin : List.of("command line", "environment")) {
      Files.writeString(folder.resolve("flags"), FLAGS.replaceFirst("= false (.*)\\{default}", "= true $1{" + origin + "}"));
      assertFalse(run().out().contains("-XX:+UseParallelGC"), origin);
    }
    Files.writeString(folder.resolve("flags"), FLAGS.replace("6320816128", "67108864  "));
    assertFalse(run().out().contains("-Xmn64m"));
    Files.writeString(folder.resolve("flags"), FLAGS.replace("17.0.15", "25"));
    environment.put("TARFLOWLM_JAVA_OPTS", "-Xmx3g -Da=*");
    List<String> options = run().out();
    assertTrue(options.containsAll(List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow")),
        options.toString());
    assertTrue(options.indexOf("-Xmx3g") < options.indexOf("-cp") && options.contains("-Da=*"), options.toString());
  }

  /** A java that writes lists and archives of classes; {@code last} is its end. */
  private void javaWithArchives(String last) throws IOException {
    Files.writeString(folder.resolve("flags"), FLAGS + "OpenJDK Runtime Environment (build 17.0.15+6-Debian)\n");
    tool("java", """
        if [ "${!#}" = -version ]; then cat '%1$s/flags'; exit; fi
        for each; do
          case $each in
            -XX:DumpLoadedClassList=*) printf 'java/lang/Object id: 0\\nMade id: 1 super: 0 source: a\\n' >"${each#*=}"; exit;;
            -XX:SharedClassListFile=*) list=${each#*=};;
            -XX:SharedArchiveFile=*) archive=${each#*=};;
          esac
        done
        if [ "$1" = -Xshare:dump ]; then cp "$list" "$archive"; echo made >>'%1$s/made'; %2$s; fi
        printf '%%s\\n' "$@"
        """.formatted(folder, last));
  }

  /** Of the Java of {@link #javaWithArchives}. */
  private List<Path> archives() throws IOException {
    try (var files = Files.list(project.resolve("tarflowlm-examples/target"))) {
      return files.filter(file -> file.getFileName().toString().startsWith("java-")).toList();
    }
  }

  @Test
  void anArchiveOfClassesIsMadeOnceForEachJavaAndClassPath() throws Exception {
    javaWithArchives("exit 0");
    Run first = run("score");
    first.succeeds();
    assertEquals(1, archives().size(), "no temporary file stays: " + archives());
    assertTrue(archives().get(0).getFileName().toString().startsWith("java-17.0.15+6-Debian-"), archives().toString());
    assertEquals(List.of("java/lang/Object", "java/lang/Object"), Files.readAllLines(archives().get(0)), "of two runs");
    assertTrue(first.out().contains("-XX:SharedArchiveFile=" + archives().get(0)), first.out().toString());
    assertFalse(run("score").err().contains("archive"), "made once");
    Files.writeString(folder.resolve("flags"), FLAGS + "OpenJDK Runtime Environment (build 21.0.1+7)\n");
    run("score").succeeds();
    assertEquals(2, archives().size());
    environment.put("TARFLOWLM_BACKEND", "cuda");
    run("score").succeeds();
    assertEquals(1, archives().size(), "a build begins anew");
    assertEquals(3, Files.readAllLines(folder.resolve("made")).size());
  }

  @Test
  void aJavaThatMakesNoArchiveIsAskedOnce() throws Exception {
    javaWithArchives("echo 'no room'; exit 1");
    for (int i = 0; i < 2; i++) {
      Run run = run("score");
      run.succeeds();
      assertFalse(run.out().stream().anyMatch(each -> each.startsWith("-XX:SharedArchiveFile")), run.out().toString());
      assertFalse(run.err().contains("no room"), run.err());
    }
    assertEquals(1, Files.readAllLines(folder.resolve("made")).size());
    Files.delete(archives().get(0));
    Files.delete(project.resolve("tarflowlm-examples/target/launcher.lock"));
    Files.createDirectory(project.resolve("tarflowlm-examples/target/launcher.lock")); // as if nothing could be written
    run("score").succeeds();
    assertEquals(List.of(), archives());
  }

  @Test
  void aServerBeginsWithASmallHeapAndReturnsWhatItFrees() throws Exception {
    String heap = "-XX:InitialHeapSize=128m";
    String trim = "-XX:TrimNativeHeapInterval=10000";
    List<String> old = run("serve").out();
    assertTrue(old.contains(heap) && !old.contains(trim), "a Java without the flag: " + old);
    String flags = FLAGS + "size_t InitialHeapSize = 395049856 {product} {ergonomic}\n"
        + "uint TrimNativeHeapInterval = 0 {product} {default}\n";
    Files.writeString(folder.resolve("flags"), flags);
    List<String> serve = run("serve").out();
    assertTrue(serve.containsAll(List.of(heap, trim)), serve.toString());
    assertFalse(run("train").out().stream().anyMatch(List.of(heap, trim)::contains));
    Files.writeString(folder.resolve("flags"), flags.replace("{product} {default}\n", "{product} {command line}\n")
        .replace("395049856 {product} {ergonomic}", "395049856 {product} {environment}"));
    assertFalse(run("serve").out().stream().anyMatch(List.of(heap, trim)::contains), "the user's own");
    Files.writeString(folder.resolve("flags"), flags.replace("6320816128", "67108864  "));
    assertFalse(run("serve").out().contains(heap), "more than the largest heap");
  }

  @ParameterizedTest
  @CsvSource({"LC_ALL, C", "LC_ALL, POSIX", "LANG, xx_YY.UTF-8", "LC_CTYPE, ''"})
  void aLocaleOfAsciiAloneGivesWay(String variable, String value) throws Exception {
    environment.put(variable, value);
    List<String> out = run().out();
    assertTrue(out.get(out.size() - 1).matches("LC_ALL=.*\\.(UTF-8|utf8)"), out.toString());
  }

  @Test
  void aFolderThatNoClassPathCanNameIsRefused() throws Exception {
    project = Files.move(project, folder.resolve("a:b"));
    run().fails("has a ':' in its name");
  }

  @Test
  void checkoutsOnWindowsKeepTheirLineEnds() throws IOException {
    assertTrue(Files.readAllLines(Path.of("..", ".gitattributes")).contains("* -text"));
    assertFalse(Files.readString(Path.of("..", "tarflowlm")).contains("\r"));
  }
}
