package org.tarflowlm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ForkJoinPool;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import org.tarflowlm.TarFlowLM;

/** An application is one jar of jars. Spring Boot's loader runs it, with logback and slf4j 2 in place of our loggers. */
class SpringBootTest {
  private static final Path APPLICATION = Path.of("target", "application");
  private static final String PROMPT = "call me ishmael some years ago";

  @TempDir private Path folder;

  /** The application. */
  public static final class Application {
    private Application() {}

    /** Scores on a thread of the common pool, which has a context class loader of its own. */
    public static void main(String[] arguments) throws Exception {
      double bits = ForkJoinPool.commonPool().submit(() -> {
        try (TarFlowLM model = TarFlowLM.pretrained("text8-ar")) {
          return model.score(PROMPT).bitsPerCharacter();
        }
      }).get();
      System.out.println("logs to " + LoggerFactory.getILoggerFactory().getClass().getName());
      System.out.println("loaded by " + TarFlowLM.class.getClassLoader().getClass().getName() + ", bits " + bits);
    }
  }

  @Test
  void aJarOfJarsScoresAsAClassPath() throws Exception {
    Path jar = folder.resolve("application.jar");
    Manifest manifest = new Manifest();
    Attributes attributes = manifest.getMainAttributes();
    attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    attributes.put(Attributes.Name.MAIN_CLASS, "org.springframework.boot.loader.launch.JarLauncher");
    attributes.putValue("Start-Class", Application.class.getName());
    attributes.putValue("Spring-Boot-Classes", "BOOT-INF/classes/");
    attributes.putValue("Spring-Boot-Lib", "BOOT-INF/lib/");
    try (JarOutputStream out = new JarOutputStream(new BufferedOutputStream(Files.newOutputStream(jar), 1 << 16), manifest)) {
      for (String each : new String[] {"BOOT-INF/", "BOOT-INF/classes/", "BOOT-INF/lib/"}) {
        store(new byte[0], each, out);
      }
      try (Stream<Path> files = Files.list(APPLICATION)) {
        for (Path each : files.sorted().toList()) {
          if (each.getFileName().toString().startsWith("spring-boot-loader")) {
            unpack(each, out);
          } else {
            store(Files.readAllBytes(each), "BOOT-INF/lib/" + each.getFileName(), out);
          }
        }
      }
      String type = Application.class.getName().replace('.', '/') + ".class";
      try (InputStream in = Application.class.getClassLoader().getResourceAsStream(type)) {
        store(in.readAllBytes(), "BOOT-INF/classes/" + type, out);
      }
      int folders = 0;
      for (Path entry : Stream.of(System.getProperty("java.class.path").split(File.pathSeparator)).map(Path::of).toList()) {
        if (Files.isDirectory(entry) && !entry.endsWith("test-classes")) {
          store(packed(entry), "BOOT-INF/lib/ours-" + ++folders + ".jar", out);
        } else if (isLibrary(entry.getFileName().toString())) {
          store(Files.readAllBytes(entry), "BOOT-INF/lib/" + entry.getFileName(), out);
        }
      }
    }
    Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1",
        "-jar", jar.toString()).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    try (TarFlowLM model = TarFlowLM.pretrained("text8-ar")) {
      assertTrue(output.contains("loaded by org.springframework.boot.loader.launch.LaunchedClassLoader, bits "
          + model.score(PROMPT).bitsPerCharacter()), output);
    }
    assertTrue(output.contains("logs to ch.qos.logback.classic.LoggerContext"), output);
  }

  private static boolean isLibrary(String name) {
    return name.endsWith(".jar")
        && !name.matches("(slf4j|log4j-(core|slf4j)|junit|archunit|jacoco|surefire|vertx|netty|deeplearning4j-ui).*");
  }

  private static void unpack(Path jar, ZipOutputStream out) throws IOException {
    try (ZipInputStream in = new ZipInputStream(Files.newInputStream(jar))) {
      for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
        if (!entry.isDirectory() && !entry.getName().equals("META-INF/MANIFEST.MF")) {
          store(in.readAllBytes(), entry.getName(), out);
        }
      }
    }
  }

  private static byte[] packed(Path classes) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream target = bytes; ZipOutputStream out = new ZipOutputStream(target); Stream<Path> files = Files.walk(classes)) {
      for (Path each : files.filter(Files::isRegularFile).toList()) {
        store(Files.readAllBytes(each), classes.relativize(each).toString(), out);
      }
    }
    return bytes.toByteArray();
  }

  /** Spring Boot needs jars within a jar uncompressed. */
  private static void store(byte[] content, String name, ZipOutputStream out) throws IOException {
    CRC32 crc = new CRC32();
    crc.update(content);
    ZipEntry entry = new ZipEntry(name);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(content.length);
    entry.setCrc(crc.getValue());
    out.putNextEntry(entry);
    out.write(content);
    out.closeEntry();
  }
}
