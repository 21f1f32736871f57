package org.tarflowlm.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.checkpoint.safetensors.SafetensorsReader;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

/** Commands show the latent space: files of latents, interpolations, and pages that show bits and edits in colour. */
class LatentSpaceCommandsTest extends TinyModelFiles {
  private static final String SHORT = TEXT.substring(0, 100);

  private static Path brief;

  @BeforeAll
  static void writeBrief() throws IOException {
    brief = Files.writeString(folder.resolve("short"), SHORT + "\n");
  }

  private static double[] flat(double[][] rows) {
    return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
  }

  @Test
  void latentsAreThoseOfTheFacade() throws IOException {
    Path npy = folder.resolve("u.npy");
    Path tensors = folder.resolve("all.safetensors");
    assertEquals("u [100, 4] in " + npy + System.lineSeparator(),
        Cli.run("latents", "--model", flows, "--input", brief, "--what", "u", "--out", npy, "--seed", 5).succeeds().out());
    JsonNode told = Cli.run("latents", "--model", flows, "--input", brief, "--what", "z,h1,features1", "--max-tokens", 40, "--out", tensors,
        "--json").succeeds().json();
    assertEquals("{\"z\":[40,4],\"h1\":[40,4],\"features1\":[40,16]}", told.get("arrays").toString());
    assertEquals(40, told.get("tokens").asInt());
    try (TarFlowLM model = TarFlowLM.load(flows); SafetensorsReader reader = SafetensorsReader.open(tensors)) {
      assertArrayEquals(flat(model.toNoise(SHORT, 5)), doubles(npy, "(100, 4)"));
      double[][][] levels = model.levels(SHORT.substring(0, 40), 1);
      assertArrayEquals(floats(levels[0]), reader.floats("z").values());
      assertArrayEquals(floats(levels[1]), reader.floats("h1").values());
      assertArrayEquals(floats(model.features(SHORT.substring(0, 40), 1)), reader.floats("features1").values());
    }
    Cli.run("latents", "--model", flows, "--input", brief, "--what", "features0", "--mean", "--out", npy).succeeds();
    assertEquals(16, doubles(npy, "(1, 16)").length);
  }

  private static float[] floats(double[][] rows) {
    double[] wide = flat(rows);
    float[] narrow = new float[wide.length];
    for (int i = 0; i < wide.length; i++) {
      narrow[i] = (float) wide[i];
    }
    return narrow;
  }

  /** Reads the file as NumPy does. */
  private static double[] doubles(Path npy, String shape) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(npy)).order(ByteOrder.LITTLE_ENDIAN);
    assertEquals("\u0093NUMPY\u0001\u0000", new String(bytes.array(), 0, 8, StandardCharsets.ISO_8859_1));
    int header = bytes.getShort(8);
    assertEquals(0, (10 + header) % 64);
    String description = new String(bytes.array(), 10, header, StandardCharsets.US_ASCII);
    assertEquals("{'descr': '<f8', 'fortran_order': False, 'shape': " + shape + ", }", description.strip());
    assertTrue(description.endsWith("\n"));
    double[] numbers = new double[(bytes.capacity() - 10 - header) / 8];
    bytes.position(10 + header).slice().order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer().get(numbers);
    return numbers;
  }

  @Test
  void latentsThatAreNotThereAreNamed() {
    Object[] call = {"latents", "--model", flows, "--input", brief, "--out", folder.resolve("x.npy"), "--what", "z"};
    call[call.length - 1] = "h3";
    Cli.run(call).fails(1, "--what is h3; expected z, u, h0 to h2 or features0 to features1");
    call[call.length - 1] = "features2";
    Cli.run(call).fails(1, "--what is features2; expected");
    call[call.length - 1] = "z,u";
    Cli.run(call).fails(2, "--what names 2 arrays; a .npy file holds one");
    call[call.length - 1] = "z";
    call[2] = discrete;
    Cli.run(call).fails(1, "which has no latents");
    call[6] = folder.resolve("x.txt");
    Cli.run(call).fails(2, "expected a name that ends with .safetensors or .npy");
    assertFalse(Files.exists(folder.resolve("x.npy")));
  }

  @Test
  void aWalkHasAllItsSteps() {
    String[] lines = Cli.run("interpolate", "--model", flows, "--from", "the whale", "--to", "a captain", "--steps", 4).succeeds().out()
        .split("\\R");
    assertEquals(4, lines.length);
    JsonNode walk = Cli.run("interpolate", "--model", flows, "--from", "the whale", "--to", "a captain", "--steps", 4, "--json").succeeds()
        .json();
    assertEquals(lines[2], walk.get("texts").get(2).asText());
    Cli.run("interpolate", "--model", flows, "--from", "the", "--to", "a captain").fails(1, "the texts have 3 and 9 tokens");
    Cli.run("interpolate", "--model", flows, "--from", "the", "--to", "the", "--steps", 1).fails(1, "steps is 1; expected at least 2");
  }

  @Test
  void surpriseIsShownAsColour() throws IOException {
    Path page = folder.resolve("score.html");
    Cli.run("score", "--model", discrete, "--input", brief, "--html", page).succeeds();
    String html = Files.readString(page);
    String marked = html.substring(html.indexOf("<div class=\"text\">"));
    assertEquals(SHORT, marked.replaceAll("<[^>]*>", "").strip());
    assertEquals(100, marked.split("title=\"[\\d.]+\"", -1).length - 1);
    assertFalse(html.contains("http"), "the page loads nothing");
    Cli.run("score", "--model", flows, "--input", brief, "--html", page, "--samples", 2)
        .fails(2, "expected neither --samples nor --stride");
  }

  @Test
  void passesAreShownWithTheirBits() throws Exception {
    Path page = folder.resolve("flows.html");
    Path picture = folder.resolve("flows.svg");
    JsonNode account = Cli.run("flows", "--model", flows, "--input", brief, "--plot", folder.resolve("plot.png"), "--html", page, "--svg",
        picture, "--json").succeeds().json();
    String html = Files.readString(page);
    assertTrue(html.contains(String.format("<td>bits per token if the stack ended here</td><td>%.3f</td>",
        account.get("levels").get(1).get("bits").asDouble())), html);
    assertTrue(html.contains("flow 0 (Mix-d, left to right)"), html);
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
    Document svg = factory.newDocumentBuilder().parse(new InputSource(new StringReader(Files.readString(picture))));
    assertTrue(svg.getElementsByTagName("text").getLength() >= 6);
    assertTrue(svg.getElementsByTagName("rect").getLength() > 1, "the page marks edits");
    assertTrue(Files.size(picture) < 60_000);
  }

  @Test
  void everyPromptOfAFileIsContinued() throws IOException {
    Path prompts = Files.writeString(folder.resolve("prompts"), "the whale \ncall me \n\n");
    String[] lines = Cli.run("generate", "--model", discrete, "--prompts", prompts, "--tokens", 9).succeeds().out().split("\\R");
    assertEquals(3, lines.length);
    assertTrue(lines[1].startsWith("call me ") && lines[1].length() == 17, lines[1]);
    JsonNode all = Cli.run("generate", "--model", discrete, "--prompts", prompts, "--tokens", 9, "--json").succeeds().json();
    assertEquals(lines[1], "call me " + all.get("prompts").get(1).get("generations").get(0).get("text").asText());
    assertEquals(lines[0], Cli.run("generate", "--model", discrete, "--prompt", "the whale ", "--tokens", 9).succeeds().out().strip());
    Cli.run("generate", "--model", discrete, "--prompts", prompts, "--prompt", "a").fails(2, "--prompt and --prompts were both given");
    Cli.run("generate", "--model", discrete, "--prompts", folder.resolve("none"))
        .fails(1, "the file of prompts ", "none does not exist or cannot be read");
  }

  @Test
  void optionsHaveHuggingFacesNames() {
    String greedy = Cli.run("generate", "--model", discrete, "--greedy", "--tokens", 12, "--seed", 1).succeeds().out();
    assertEquals(greedy, Cli.run("generate", "--model", discrete, "--greedy", "--tokens", 12, "--seed", 2).succeeds().out());
    Cli.run("generate", "--model", discrete, "--min-p", 0.1, "--repetition-penalty", 1.2, "--tokens", 4).succeeds();
    Cli.run("generate", "--model", flows, "--greedy").fails(1, "doSample is false, but the model is TARFLOW");
    Cli.run("generate", "--model", flows, "--min-p", 2).fails(2, "--min-p is 2.0; expected a number of at least 0 and at most 1");
    Cli.run("generate", "--model", flows, "--eos-token-id").fails(2, "the tokenizer text8 has no end-of-text token");
    Cli.run("generate", "--model", flows, "--eos-token-id", 26, "--tokens", 4).succeeds();
  }
}
