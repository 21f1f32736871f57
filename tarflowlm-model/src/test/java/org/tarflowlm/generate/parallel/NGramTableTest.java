package org.tarflowlm.generate.parallel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.flow.RandomModel;
import org.tarflowlm.flow.StackWeights;

class NGramTableTest {
  private static final int VOCABULARY = 7;

  @Test
  void interpolatesFromShortToLongContexts() {
    NGramTable table = NGramTable.empty(3);
    double[] p = new double[3];
    table.probabilities(new int[0], 0, p);
    assertArrayEquals(new double[] {1 / 3.0, 1 / 3.0, 1 / 3.0}, p, 1e-12);
    table.learn(new int[] {0, 1, 0, 1, 0}, 0, 5);
    double[] unigram = {(3 + 2 / 3.0) / 7, (2 + 2 / 3.0) / 7, 2 / 3.0 / 7};
    table.probabilities(new int[0], 0, p);
    assertArrayEquals(unigram, p, 1e-12);
    // only 0 came after a 1, twice; the text has no longer contexts
    table.probabilities(new int[] {1}, 1, p);
    assertArrayEquals(new double[] {(2 + unigram[0]) / 3, unigram[1] / 3, unigram[2] / 3}, p, 1e-12);
    assertEquals(1.0, Arrays.stream(p).sum(), 1e-12);
  }

  @Test
  void sumsProbabilitiesUpToWhatAModelSays() {
    NGramTable table = new NGramTable(3, 2);
    table.learn(new int[] {2}, 1, new double[] {0.5, 0.5, 0.0}, 0.01);
    table.learn(new int[] {2}, 1, new double[] {0.75, 0.245, 0.005}, 0.01);
    double[] p = new double[3];
    table.probabilities(new int[] {2}, 1, p);
    double left = 1 / 2.995;
    double shorter = left / 2.995;
    assertArrayEquals(new double[] {1.25 * (left + shorter) + shorter / 3, 0.745 * (left + shorter) + shorter / 3, shorter / 3}, p, 1e-6);
  }

  /** A table of a random text, in which some tokens follow others more often. */
  private static NGramTable random(int[] text) {
    Random random = new Random(4);
    NGramTable table = new NGramTable(VOCABULARY, 4);
    double[] p = new double[VOCABULARY];
    for (int t = 0; t < text.length; t++) {
      text[t] = t > 0 && random.nextInt(3) > 0 ? (text[t - 1] * 3 + 1) % VOCABULARY : random.nextInt(VOCABULARY);
      for (int k = 0; k < VOCABULARY; k++) {
        p[k] = k == text[t] ? 0.76 : 0.04;
      }
      table.learn(text, t, p, 0.001);
    }
    return table;
  }

  private static byte[] written(NGramTable table, double leastTotal, double leastWeight) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    NGramFile.write(table, leastTotal, leastWeight, out);
    return out.toByteArray();
  }

  @Test
  void comesBackFromAFile() throws IOException {
    int[] text = new int[500];
    NGramTable table = random(text);
    byte[] file = written(table, 0, 0.2);
    NGramTable read = NGramFile.read(new ByteArrayInputStream(file));
    NGramFile.require(new ByteArrayInputStream(file), VOCABULARY);
    double[] expected = new double[VOCABULARY];
    double[] p = new double[VOCABULARY];
    double difference = 0.0;
    for (int t = 0; t < text.length; t++) {
      table.probabilities(text, t, expected);
      read.probabilities(text, t, p);
      for (int k = 0; k < VOCABULARY; k++) {
        difference += Math.abs(expected[k] - p[k]) / text.length / VOCABULARY;
      }
      assertEquals(1.0, Arrays.stream(p).sum(), 1e-6);
    }
    assertTrue(difference < 0.03, "weights are rounded by up to a sixteenth of an octave, and small ones are missing: " + difference);
    int size = read.size();
    read.learn(text, 0, text.length);
    assertEquals(size, read.size(), "a table from a file learns no more");
    assertTrue(size < table.size());
    assertTrue(written(table, 40, 0.2).length < 0.9 * file.length, "rare contexts are left out");
    assertArrayEquals(file, written(random(new int[500]), 0, 0.2), "the same file again");
  }

  private static void assertFails(String expected, Executable action) {
    IOException e = assertThrows(IOException.class, action);
    assertTrue(e.getMessage().startsWith(expected), e::getMessage);
  }

  @Test
  void damagedFilesAreToldOf() throws IOException {
    byte[] file = written(random(new int[200]), 0, 0.2);
    for (byte[] bad : List.of(new byte[0], new byte[] {1, 2, 3}, Arrays.copyOf(file, file.length / 2),
        Arrays.copyOf(file, file.length - 1))) {
      assertFails("is damaged", () -> NGramFile.read(new ByteArrayInputStream(bad)));
      assertFails("is damaged", () -> NGramFile.require(new ByteArrayInputStream(bad), VOCABULARY));
    }
    for (int at = file.length / 3; at < file.length; at += file.length / 3) {
      byte[] flipped = file.clone();
      flipped[at] ^= 4;
      assertFails("", () -> NGramFile.read(new ByteArrayInputStream(flipped)));
      assertFails("", () -> NGramFile.require(new ByteArrayInputStream(flipped), VOCABULARY));
    }
    assertFails("is made for 7 tokens; expected 27", () -> NGramFile.require(new ByteArrayInputStream(file), 27));
    assertFails("is not a file of n-grams", () -> NGramFile.read(zipped(0, 1, 7, 4)));
    assertFails("has version 2; this program reads version 1", () -> NGramFile.read(zipped(0x4E47524D, 2, 7, 4)));
    assertFails("has a vocabulary of -7", () -> NGramFile.read(zipped(0x4E47524D, 1, -7, 4)));
    assertFails("has n-grams of 99", () -> NGramFile.read(zipped(0x4E47524D, 1, 7, 99)));
    // the reader unpacks nothing after the end, whatever comes
    assertFails("continues after its end", () -> NGramFile.require(zipped(0x4E47524D, 1, 7, 4, 0, 0, 0), 7));
    assertFails("is damaged: a number is 9", () -> NGramFile.read(zipped(0x4E47524D, 1, 7, 4, 0x09000000)));
  }

  private static ByteArrayInputStream zipped(int... numbers) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream zip = new GZIPOutputStream(out)) {
      for (int number : numbers) {
        for (int shift = 24; shift >= 0; shift -= 8) {
          zip.write(number >>> shift);
        }
      }
    }
    return new ByteArrayInputStream(out.toByteArray());
  }

  @Test
  void imitatesTheModelItIsDistilledFrom() {
    TarFlowConfig config = RandomModel.config(5, 12, 2, 8, 2, 1, false, FlowSpec.tiedMixD(1, 5, Direction.LEFT_TO_RIGHT),
        FlowSpec.mix1(1, 2, Direction.RIGHT_TO_LEFT));
    StackWeights weights = StackWeights.of(config, RandomModel.parameters(config, 3)::get);
    List<Integer> heard = new ArrayList<>();
    NGramTable table = NGramDistillation.of(weights, 3, 3000, 1, heard::add);
    assertEquals(List.of(768, 1536, 2304, 3000), heard);
    float[] sums = new float[5];
    assertTrue(table.weights(NGramTable.ROOT, sums));
    double total = 0.0;
    for (float sum : sums) {
      total += sum;
    }
    assertEquals(3000, total, 3.0, "each token adds probabilities that sum to one");
    assertFalse(table.weights(12345, sums));

    assertEquals(768, stopped(weights), "stops when asked");
    assertEquals("tokens is 0; expected at least 1", assertThrows(IllegalArgumentException.class,
        () -> NGramDistillation.of(weights, 3, 0, 1, done -> true)).getMessage());
    assertEquals("order is 17; expected 1 to 16", assertThrows(IllegalArgumentException.class,
        () -> NGramDistillation.of(weights, 17, 1, 1, done -> true)).getMessage());
    TarFlowConfig other = RandomModel.config(5, 12, 2, 8, 2, 1, false, FlowSpec.mix1(1, 2, Direction.LEFT_TO_RIGHT));
    assertEquals("the first flow is MIX_1, LEFT_TO_RIGHT, not tied; expected a tied MIX_D, LEFT_TO_RIGHT",
        assertThrows(IllegalArgumentException.class, () -> NGramDistillation.of(
            StackWeights.of(other, RandomModel.parameters(other, 3)::get), 3, 10, 1, done -> true)).getMessage());
  }

  private static int stopped(StackWeights weights) {
    int[] last = new int[1];
    NGramDistillation.of(weights, 3, 3000, 1, done -> {
      last[0] = done;
      return false;
    });
    return last[0];
  }
}
