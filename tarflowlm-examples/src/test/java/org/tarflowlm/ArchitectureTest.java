package org.tarflowlm;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.FileReader;
import java.io.FileWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.ObjectInputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.net.URL;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.tarflowlm.backend.HostMemory;

/** The arrows between packages in docs/architecture.md: each package, with all packages that it may use. */
class ArchitectureTest {
  private static final String ROOT = "org.tarflowlm.";
  /** The package of TarFlowLM itself, which has no name below the project's. */
  private static final String FACADE = "facade";
  private static final Map<String, List<String>> MAY_USE = new LinkedHashMap<>();

  static {
    MAY_USE.put("data", List.of());
    MAY_USE.put("data.file", List.of("data"));
    MAY_USE.put("data.tokenize", List.of("data"));
    MAY_USE.put("data.documents", List.of("data", "data.file", "data.tokenize"));
    MAY_USE.put("data.tokens", List.of("data", "data.file", "data.tokenize", "data.documents"));
    MAY_USE.put("data.windows", List.of("data", "data.file", "data.tokenize", "data.documents", "data.tokens", "data.corpus"));
    MAY_USE.put("data.latent", List.of("data", "data.windows"));
    MAY_USE.put("data.corpus", List.of("data", "data.file", "data.tokenize", "data.documents", "data.tokens"));
    MAY_USE.put("json", List.of("data"));
    MAY_USE.put("config", List.of("json"));
    MAY_USE.put("vector", List.of());
    MAY_USE.put("coupling", List.of("vector"));
    MAY_USE.put("coupling.batch", List.of("vector", "coupling"));
    MAY_USE.put("coupling.near", List.of("vector", "coupling", "coupling.batch"));
    MAY_USE.put("kernel", List.of("config", "vector"));
    MAY_USE.put("flow", List.of("vector", "config", "coupling", "coupling.near", "kernel", "data.latent"));
    MAY_USE.put("generate.parallel", List.of("config", "vector", "coupling", "kernel", "flow"));
    MAY_USE.put("generate", List.of("generate.parallel", "config", "vector", "json", "coupling", "kernel", "flow",
        "data", "data.tokenize"));
    MAY_USE.put("stock", List.of());
    MAY_USE.put("backend", List.of("kernel"));
    MAY_USE.put("ops", List.of("backend", "config", "coupling", "coupling.batch", "coupling.near", "kernel", "flow", "stock"));
    MAY_USE.put("graph", List.of("backend", "config", "ops", "flow", "stock"));
    MAY_USE.put("init", List.of("config", "data", "data.latent", "data.tokens"));
    MAY_USE.put("nn.session", List.of("backend", "kernel", "ops", "stock"));
    MAY_USE.put("nn", List.of("nn.session", "backend", "config", "json", "flow", "init", "kernel", "ops", "graph", "stock", "data",
        "data.latent"));
    MAY_USE.put("eval", List.of("config", "coupling", "flow", "nn", "data", "data.tokens"));
    MAY_USE.put("checkpoint.safetensors", List.of("json", "data.file"));
    MAY_USE.put("checkpoint", List.of("checkpoint.safetensors", "config", "json", "generate", "generate.parallel", "nn", "data",
        "data.documents", "data.file", "data.tokenize"));
    MAY_USE.put("zoo", List.of("checkpoint", "config", "json", "nn", "data.file", "data.tokenize", "data.tokens"));
    MAY_USE.put("train", List.of("checkpoint", "checkpoint.safetensors", "config", "json", "graph", "nn", "eval", "data",
        "data.corpus", "data.file", "data.tokenize", "data.tokens", "data.windows"));
    MAY_USE.put(FACADE, List.of("zoo", "checkpoint", "checkpoint.safetensors", "config", "json", "coupling", "flow", "generate",
        "generate.parallel", "nn", "eval", "data", "data.file", "data.tokenize", "data.tokens"));
    List<String> library = List.copyOf(MAY_USE.keySet());
    MAY_USE.put("command", List.of());
    MAY_USE.put("bench", Stream.concat(library.stream(), Stream.of("command")).toList());
    MAY_USE.put("examples", library);
    MAY_USE.put("serve", List.of("command", "config", "json", "data", "data.tokenize", "data.tokens", FACADE, "generate",
        "checkpoint", "eval"));
    MAY_USE.put("cli", Stream.concat(library.stream(), Stream.of("command", "bench", "examples", "serve")).toList());
  }

  private static JavaClasses project;

  @BeforeAll
  static void read() {
    project = new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests())
        .withImportOption(location -> !location.contains("/jmh_generated/") && !location.contains("-tests.jar"))
        .withImportOption(location -> !location.contains("/zoo/TarFlowLM.class") && !location.contains("/data/text/")) // former names
        .importPackages("org.tarflowlm");
  }

  @Test
  void everyPackageHasItsPlaceInTheTable() {
    TreeSet<String> found = new TreeSet<>();
    project.forEach(each -> found.add(name(each)));
    found.removeAll(MAY_USE.keySet());
    assertEquals(new TreeSet<>(), found, "packages that the table of arrows does not know");
  }

  static Stream<Arguments> arrows() {
    return MAY_USE.entrySet().stream().map(entry -> Arguments.of(entry.getKey(), entry.getValue()));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("arrows")
  void packageUsesOnlyWhatItMay(String name, List<String> allowed) {
    List<String> forbidden = new ArrayList<>(MAY_USE.keySet());
    forbidden.remove(name);
    forbidden.removeAll(allowed);
    noClasses().that().resideInAPackage(packageOf(name)).should().dependOnClassesThat(packages(forbidden))
        .allowEmptyShould(true).check(project);
  }

  /** The arrows that docs/architecture.md draws. It leaves out config, json and the data packages, which all may use. */
  @Test
  void theDrawingShowsTheArrowsThatThereAre() throws IOException {
    TreeSet<String> drawn = new TreeSet<>();
    Matcher arrow = Pattern.compile("(\\w+) --> (\\w+)").matcher(Files.readString(Path.of("..", "docs", "architecture.md")));
    while (arrow.find()) {
      drawn.add(arrow.group().replace("graph_", "graph")); // a word that Mermaid reserves
    }
    TreeSet<String> found = new TreeSet<>();
    project.forEach(each -> each.getDirectDependenciesFromSelf().forEach(dependency -> {
      String from = room(each);
      String to = room(dependency.getTargetClass());
      if (!from.equals(to) && !Set.of("config", "json", "data", "").contains(to) && !Set.of("bench", "examples", "serve").contains(from)
          && (!from.equals("cli") || Set.of("bench", "serve").contains(to))) {
        found.add(from + " --> " + to);
      }
    }));
    assertEquals(found, drawn);
  }

  /** The package's name below the project's; empty for the project's own package. */
  private static String name(JavaClass type) {
    String name = type.getBaseComponentType().getPackageName() + ".";
    return name.equals(ROOT) ? FACADE : name.startsWith(ROOT) ? name.substring(ROOT.length(), name.length() - 1) : "";
  }

  private static String room(JavaClass type) {
    return name(type).split("\\.")[0];
  }

  private static String packageOf(String name) {
    return name.equals(FACADE) ? "org.tarflowlm" : ROOT + name;
  }

  private static DescribedPredicate<JavaClass> packages(List<String> names) {
    return resideInAnyPackage(names.stream().map(ArchitectureTest::packageOf).toArray(String[]::new));
  }

  @Test
  void noCyclesOfPackages() {
    slices().matching(ROOT + "(**)").should().beFreeOfCycles().check(project);
  }

  @Test
  void mathematicsKnowsNoLibrary() {
    usesOnly("coupling..", "java..");
    usesOnly("flow", "java..");
    usesOnly("generate..", "java..");
    usesOnly("vector", "java..");
    usesOnly("config", "java..", "com.fasterxml.jackson.annotation..");
    usesOnly("json", "java..", "com.fasterxml.jackson..", "org.apache.commons.text..");
    usesOnly("kernel", "java..", "org.bytedeco..", "com.sun.jna..", "org.apache.logging.log4j..");
  }

  private static void usesOnly(String name, String... libraries) {
    String[] all = Stream.concat(Stream.of("org.tarflowlm.."), Arrays.stream(libraries)).toArray(String[]::new);
    DescribedPredicate<JavaClass> primitive = DescribedPredicate.describe("primitive",
        type -> type.getBaseComponentType().isPrimitive() || Stream.of(all).anyMatch(each ->
            resideInAPackage(each).test(type.getBaseComponentType())));
    classes().that().resideInAPackage(ROOT + name).should().onlyDependOnClassesThat(primitive)
        .as(name + " uses " + Arrays.stream(libraries).collect(Collectors.joining(", "))).check(project);
  }

  @Test
  void onlyOpsGraphAndNnKnowSameDiff() {
    noClasses().that().resideOutsideOfPackages(ROOT + "stock", ROOT + "ops", ROOT + "graph", ROOT + "nn..", ROOT + "bench",
        ROOT + "examples").should().dependOnClassesThat().resideInAPackage("org.nd4j.autodiff..").check(project);
  }

  /** Users see a ComputationGraph and the ZooModel that DL4J promises, and neither layers nor configurations. */
  @Test
  void nnIsTheOnlyDoorToDl4jLayers() {
    noClasses().that().resideOutsideOfPackages(ROOT + "nn", ROOT + "bench", ROOT + "examples").should()
        .dependOnClassesThat(resideInAPackage("org.deeplearning4j.nn..").and(DescribedPredicate.describe("internals",
            type -> !type.isEquivalentTo(ComputationGraph.class) && !type.getName().equals("org.deeplearning4j.nn.api.Model"))))
        .check(project);
  }

  @Test
  void onlyTheCommandLineAndTheExamplesPrint() {
    for (String stream : List.of("out", "err")) {
      noClasses().that().resideOutsideOfPackages(ROOT + "cli", ROOT + "examples").and().doNotHaveSimpleName("QuietOutput")
          .should().accessField(System.class, stream).check(project);
    }
    noClasses().that().doNotHaveSimpleName("Start").should().callMethod(Throwable.class, "printStackTrace").check(project);
  }

  /** The command line sets the locale of its process; a library must not. */
  @Test
  void nothingDependsOnTheSystemsLanguageOrEncoding() {
    noClasses().that().resideOutsideOfPackages(ROOT + "cli", ROOT + "bench", ROOT + "examples")
        .should().callMethod(String.class, "format", String.class, Object[].class)
        .orShould().callMethod(String.class, "formatted", Object[].class)
        .orShould().callMethod(String.class, "toLowerCase").orShould().callMethod(String.class, "toUpperCase").check(project);
    noClasses().should().callMethod(String.class, "getBytes").orShould().callConstructor(String.class, byte[].class)
        .orShould().callConstructor(InputStreamReader.class, InputStream.class)
        .orShould().callConstructor(OutputStreamWriter.class, OutputStream.class)
        .orShould().callConstructor(PrintWriter.class, OutputStream.class).orShould().callMethod(Charset.class, "defaultCharset")
        .orShould().dependOnClassesThat().areAssignableTo(FileReader.class)
        .orShould().dependOnClassesThat().areAssignableTo(FileWriter.class).check(project);
  }

  @Test
  void nothingReadsSerialisedJavaObjects() {
    noClasses().should().dependOnClassesThat().areAssignableTo(ObjectInputStream.class).check(project);
  }

  /** One class asks an array for its address. It refuses to on a backend that keeps arrays outside the host's memory. */
  @Test
  void onlyHostMemoryTouchesTheMemoryOfArrays() {
    DescribedPredicate<JavaAccess<?>> address = DescribedPredicate.describe("ask an array for its memory", access ->
        access.getTargetOwner().isAssignableTo(DataBuffer.class) && Set.of("pointer", "address", "addressPointer", "platformAddress",
            "opaqueBuffer", "indexer", "asNio", "asNioFloat", "asNioDouble", "asNioInt", "asNioLong").contains(access.getName()));
    noClasses().that().doNotHaveFullyQualifiedName(HostMemory.class.getName()).should().accessTargetWhere(address).check(project);
  }

  /** Neither the classes of a composed graph nor anything that they use may know the classes that touch an array's memory. */
  @Test
  void theComposedGraphIsFarFromHostMemory() {
    Set<JavaClass> reached = new HashSet<>();
    Deque<JavaClass> open = new ArrayDeque<>();
    project.stream().filter(each -> each.getPackageName().equals(ROOT + "stock")
        || each.getPackageName().equals(ROOT + "graph") && each.getSimpleName().startsWith("Composed")).forEach(open::add);
    assertTrue(open.size() > 6, open.toString());
    while (!open.isEmpty()) {
      JavaClass next = open.pop();
      if (reached.add(next) && next.getName().startsWith(ROOT)) {
        next.getDirectDependenciesFromSelf().forEach(dependency -> open.add(dependency.getTargetClass().getBaseComponentType()));
      }
    }
    List<String> found = reached.stream().map(JavaClass::getName).filter(name -> name.startsWith("org.bytedeco.")
        || name.startsWith("com.sun.jna.") || Stream.of("ops.", "kernel.", "backend.").anyMatch(own -> name.startsWith(ROOT + own)))
        .sorted().toList();
    assertEquals(List.of(), found);
  }

  /** Otherwise the project would not compile against every backend: the GPU's has none of these classes. */
  @Test
  void nothingNeedsTheClassesOfTheCpuBackend() {
    ClassLoader loader = getClass().getClassLoader();
    Map<String, String> users = new TreeMap<>();
    project.forEach(each -> each.getDirectDependenciesFromSelf().forEach(dependency ->
        users.putIfAbsent(dependency.getTargetClass().getBaseComponentType().getName(), each.getName())));
    users.keySet().removeIf(target -> !target.startsWith("org.nd4j."));
    assertTrue(users.containsKey("org.nd4j.linalg.factory.Nd4j"), users.toString());
    users.keySet().removeIf(target -> {
      URL place = loader.getResource(target.replace('.', '/') + ".class");
      return place == null || !place.getPath().matches(".*/nd4j-native-(preset-)?\\d.*");
    });
    assertEquals(Map.of(), users);
    assertNotNull(loader.getResource("org/nd4j/linalg/cpu/nativecpu/CpuBackend.class"), "the backend whose classes the test looks for");
  }
}
