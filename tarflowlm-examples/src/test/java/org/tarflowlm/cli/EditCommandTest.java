package org.tarflowlm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.tarflowlm.data.documents.Excerpt;
import org.tarflowlm.data.tokenize.Text8Alphabet;

/** Runs edit, evaluate-samples and bench generate with models of a few thousand parameters. */
class EditCommandTest extends TinyModelFiles {
  @Test
  void aGivenTextIsReadFromNoiseToItself() {
    JsonNode text = Cli.run("edit", "--model", flows, "--text", "call me ishmael", "--json").succeeds().json().get("texts").get(0);
    assertEquals("call me ishmael", text.get("text").asText());
    assertEquals(3, text.get("flows").size());
    JsonNode last = text.get("flows").get(2);
    assertEquals("call me ishmael", last.get("text").asText());
    assertTrue(last.get("metrics").get("l2Norm").asDouble() > 0);
    assertTrue(text.get("flows").get(0).get("metrics").get("centroidMovement").isNull());
    String shown = Cli.run("edit", "--model", flows, "--text", "call me ishmael").succeeds().out();
    assertTrue(shown.contains("flow 0 (Mix-d, left to right): changes "), shown);
    assertTrue(shown.contains("[L2 norm "), shown);
  }

  @Test
  void aGapIsFilledTheSameWayWithTheSameSeed() {
    Object[] call = {"edit", "--model", flows, "--text", "call [4] ishmael", "--seed", 5, "--refinements", 3, "--json"};
    JsonNode text = Cli.run(call).succeeds().json().get("texts").get(0);
    assertEquals("call ", text.get("before").asText());
    assertEquals(4, text.get("text").asText().length());
    assertEquals(" ishmael", text.get("after").asText());
    assertFalse(text.get("exact").asBoolean());
    assertEquals(text, Cli.run(call).json().get("texts").get(0));
  }

  @Test
  void aPageAndAPictureAreWritten() throws IOException {
    Path html = folder.resolve("flows.html");
    Path plot = folder.resolve("flows.png");
    Cli.run("generate", "--model", flows, "--tokens", 12, "--batch-size", 2, "--prompt", "call", "--html", html, "--plot", plot).succeeds();
    String page = Files.readString(html);
    assertEquals(6, page.split("<section class=\"pass\">", -1).length - 1, "three passes of two texts");
    assertEquals(2 * 3 * 12, page.split("data-t=\"\\d+\">", -1).length - 1, "every token of every pass");
    assertTrue(page.contains("<i>call</i>"), page);
    assertFalse(page.contains("http"), "the page loads nothing");
    assertEquals(1000, ImageIO.read(plot.toFile()).getWidth());
  }

  @Test
  void wrongUseIsNamed() {
    Cli.run("edit", "--model", discrete).fails(1, "the model " + discrete + " is discrete: it has no flows to show");
    Cli.run("edit", "--model", discrete, "--text", "call me").fails(1, "the model " + discrete + " is discrete: it has no flows to show");
    Cli.run("edit", "--model", flows, "--text", "a".repeat(33))
        .fails(1, "the text has 33 tokens; expected 1 to 32, the model's window");
    Cli.run("edit", "--model", flows, "--text", "").fails(1, "the text has 0 tokens; expected 1 to 32");
    Cli.run("edit", "--model", flows, "--text", "call [40] ishmael").fails(1, "the texts and the gap have 53 tokens; the window has 32");
    Cli.run("edit", "--model", flows, "--text", "call [0] ishmael").fails(1, "the gap has 0 tokens; expected at least 1");
    Cli.run("edit", "--model", flows, "--text", "Call").fails(1, "character 'C' (U+0043) at offset 0");
    Cli.run("edit", "--temperature", -1).fails(2, "--temperature is -1.0; expected a positive number");
    Cli.run("generate", "--decoding", "fast").fails(2, "expected one of [SEQUENTIAL, PARALLEL, AUTO]");
    Cli.run("bench", "generate", "--rounds", 0).fails(2, "--rounds is 0; expected at least 1");
    Cli.run("bench", "generate", "--seeds", 0).fails(2, "--seeds is 0; expected at least 1");
    Cli.run("evaluate-samples", "--texts", 0).fails(2, "--texts is 0; expected at least 1");
    Cli.run("evaluate-samples", "--prompt-tokens", 7).fails(2, "--prompt-tokens needs a --reference");
    Cli.run("evaluate-samples", "--tokens", 7).fails(2, "--tokens is 7; expected at least 8");
  }

  @Test
  void longTextGoesBeyondTheWindowAndAnEmptyPromptIsNone() {
    String nothing = Cli.run("generate", "--model", flows, "--tokens", 100).succeeds().out();
    assertEquals(100, nothing.lines().findFirst().orElseThrow().length(), "three windows and more");
    assertEquals(nothing, Cli.run("generate", "--model", flows, "--tokens", 100, "--prompt", "").succeeds().out());
  }

  @Test
  void aClosedOutputEndsTheStream() {
    Writer closed = new Writer() {
      @Override
      public void write(char[] text, int from, int count) throws IOException {
        throw new IOException("Broken pipe");
      }

      @Override
      public void flush() throws IOException {
        throw new IOException("Broken pipe");
      }

      @Override
      public void close() {
        // nothing to close
      }
    };
    TextStream stream = new TextStream(new Text8Alphabet(), new PrintWriter(closed), List.of());
    assertEquals("standard output is closed", assertThrows(IllegalStateException.class, () -> stream.accept(new int[] {1})).getMessage());
  }

  @Test
  void samplesAreJudgedBothWays() throws IOException {
    Path reference = Files.writeString(folder.resolve("reference"), Excerpt.text().substring(0, 500));
    Object[] call = {"evaluate-samples", "--models", discrete + "," + flows, "--temperatures", "0.5,1.0", "--texts", 3, "--tokens", 20,
        "--reference", reference};
    String table = Cli.run(call).succeeds().out();
    assertEquals(2 + 5 + 1, table.lines().count(), table);
    assertTrue(table.startsWith("| written by | temperature | entropy, bits | distinct-2 | distinct-4 | distinct-8 | bits per character, "),
        table);
    assertEquals(table, Cli.run(call).out());
    JsonNode rows = Cli.run("evaluate-samples", "--models", flows, "--judges", discrete, "--temperatures", "1.0", "--texts", 2, "--tokens",
        10, "--reference", reference, "--prompt-tokens", 12, "--refinements", 1, "--json").succeeds().json().get("rows");
    assertEquals(3, rows.size(), "real text, continuations, texts without the prompt");
    assertTrue(rows.get(1).get("prompted").asBoolean());
    assertFalse(rows.get(2).get("prompted").asBoolean());
    rows.forEach(row -> assertTrue(row.get("bitsPerCharacter").get(discrete.toString()).asDouble() > 1));
    rows.forEach(row -> assertTrue(row.get("frontier").isNull(), "too few texts"));
    JsonNode compared = Cli.run("evaluate-samples", "--models", flows, "--judges", discrete, "--temperatures", "1.0", "--texts", 6,
        "--tokens", 32, "--reference", reference, "--json").succeeds().json().get("rows");
    compared.forEach(row -> assertTrue(row.get("frontier").asDouble() > 0 && row.get("frontier").asDouble() <= 1, row.toString()));
    Cli.run("evaluate-samples", "--models", discrete, "--tokens", 32, "--reference", reference, "--prompt-tokens", 1)
        .fails(2, "--prompt-tokens 1 and --tokens 32 make 33; expected at most 32, the window of the judge ");
  }

  @Test
  void generationIsTimedAndRoundTripsAreMeasured() throws IOException {
    JsonNode times = Cli.run("bench", "generate", "--model", flows, "--tokens", 40, "--seeds", 1, "--rounds", 1, "--json",
        "--blocks", "1,8", "--peer", "echo speed 2.5").succeeds().json();
    assertTrue(times.get("identical").asBoolean());
    assertTrue(times.get("parallel").get("bestToBestOfPeer").asDouble() > 0);
    assertEquals(1.0, times.get("positionsPerPass").get("1").get(0).asDouble(), "one position is a block's least and most");
    assertTrue(times.get("positionsPerPass").get("8").get(1).asDouble() >= 1);
    Cli.run("bench", "generate", "--model", discrete, "--tokens", 8, "--seeds", 1, "--rounds", 1, "--decoding", "SEQUENTIAL", "--blocks", 8)
        .fails(1, "is discrete: parallel decoding is for flows");
    Path text = Files.writeString(folder.resolve("text"), Excerpt.text().substring(0, 300));
    JsonNode trip = Cli.run("bench", "round-trip", "--model", flows, "--input", text, "--windows", 5, "--json").succeeds().json();
    assertEquals(0, trip.get("wrongTokens").asInt());
    assertTrue(trip.get("largestDifference").asDouble() < 1e-4);
  }
}
