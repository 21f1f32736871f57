package org.tarflowlm.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.data.file.CacheFolder;
import picocli.CommandLine;

class DataCommandTest {
  @TempDir private Path folder;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeEach
  void useAnEmptyCacheOffline() {
    System.setProperty(CacheFolder.ROOT_PROPERTY, folder.resolve("cache").toString());
    System.setProperty(CacheFolder.OFFLINE_PROPERTY, "1");
  }

  @AfterEach
  void clearSwitches() {
    System.clearProperty(CacheFolder.ROOT_PROPERTY);
    System.clearProperty(CacheFolder.OFFLINE_PROPERTY);
  }

  private int run(String... arguments) {
    CommandLine line = Main.commandLine();
    line.setOut(new PrintWriter(out, true));
    line.setErr(new PrintWriter(err, true));
    return line.execute(arguments);
  }

  private void assertFails(String message, String... arguments) {
    assertTrue(run(arguments) != 0);
    assertTrue(err.toString().startsWith("tarflowlm: ") && err.toString().contains(message), err.toString());
    assertEquals(1, err.toString().lines().count(), "one line");
    err.getBuffer().setLength(0);
  }

  @Test
  void listsCorpora() throws IOException {
    assertEquals(0, run("data", "list"));
    assertEquals(3 + 3 + 3 + 2, out.toString().lines().count());
    assertTrue(out.toString().contains("  text8:test                   5,000,000 tokens\n"), out.toString());
    assertTrue(out.toString().contains("  openwebtext:valid            the last 100,000 documents\n"), out.toString());
    assertTrue(out.toString().startsWith("text8 "));
    out.getBuffer().setLength(0);
    assertEquals(0, run("data", "list", "--json"));
    JsonNode corpora = new ObjectMapper().readTree(out.toString()).get("corpora");
    assertEquals("enwik8", corpora.get(1).get("name").asText());
    assertFalse(corpora.get(1).get("fetched").asBoolean());
    assertEquals("enwik8:train", corpora.get(1).get("splits").get(0).get("name").asText());
  }

  @Test
  void cleansAndCounts() throws IOException {
    Path raw = Files.writeString(folder.resolve("raw.txt"), "Call me Ishmael. 42!");
    Path clean = folder.resolve("clean.txt");
    assertEquals(0, run("data", "clean", raw.toString(), clean.toString()));
    assertEquals("call me ishmael four two", Files.readString(clean));
    assertFails("exists already", "data", "clean", raw.toString(), clean.toString());
    out.getBuffer().setLength(0);
    assertEquals(0, run("data", "stats", "--json", clean.toString()));
    assertEquals(24, new ObjectMapper().readTree(out.toString()).get("tokens").asInt());
    out.getBuffer().setLength(0);
    assertEquals(0, run("data", "stats", raw.toString()));
    assertTrue(out.toString().contains("6 bytes outside the alphabet, the first at offset 0"), out.toString());
  }

  @Test
  void printsAnOrderForAGrid() throws IOException {
    Path text = Files.writeString(folder.resolve("text.txt"), "call me ishmael some years ago never mind how long precisely");
    assertEquals(0, run("data", "grid-order", text.toString()));
    int[] order = new ObjectMapper().readValue(out.toString(), int[].class);
    assertArrayEquals(IntStream.range(0, 27).toArray(), Arrays.stream(order).sorted().toArray());
    assertFails("the grid has 0 channels; expected at least 1", "data", "grid-order", "--channels", "0", text.toString());
  }

  @Test
  void failuresAreOneLine() {
    assertFails("corpus \"text9\" is not known", "data", "fetch", "text9");
    assertFails("the offline switch", "data", "fetch", "text8");
    assertFails("no corpus is in the cache folder", "data", "verify");
    assertFails("corpus text8 is not in the cache", "data", "verify", "text8");
    assertFails("does not exist", "data", "stats", folder.resolve("none").toString());
    assertFails("tokenizer \"words\" is not known", "data", "stats", "--tokenizer", "words", folder.toString());
  }
}
