package org.tarflowlm.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.tarflowlm.zoo.TarFlowZoo;

/** Every example runs, with small settings where it takes any, and prints what it is meant to show. */
class ExamplesTest {
  private interface Program {
    void main(String... arguments) throws Exception;
  }

  private static String output(Program program, String... arguments) throws Exception {
    PrintStream before = System.out;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    try {
      program.main(arguments);
    } finally {
      System.setOut(before);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private static List<Double> numbers(String pattern, String text) {
    return Pattern.compile(pattern, Pattern.MULTILINE).matcher(text).results().map(each -> Double.valueOf(each.group(1))).toList();
  }

  @Test
  void englishScoresBetterThanItsWordsBackwards() throws Exception {
    List<Double> bits = numbers("^([\\d.]+) bits", output(ScoreText::main));
    assertEquals(3, bits.size());
    assertTrue(bits.get(0) < bits.get(1) && bits.get(1) < bits.get(2), bits.toString());
    assertTrue(output(ScoreText::main, "Call me Ishmael.").contains("(ELBO)  call me ishmael"));
  }

  @Test
  void twoTextsOfEachTemperature() throws Exception {
    List<String> lines = output(GenerateText::main, "a", "ship").lines().toList();
    assertEquals(6, lines.size());
    lines.forEach(line -> assertTrue(line.matches("temperature \\d\\.\\d(, approximate)?  a ship\\|[a-z ]{80}"), line));
  }

  @Test
  void bothGraphsRunAndTheLoadedOneWritesTheSame() throws Exception {
    List<String> lines = output(SameDiffGraphs::main, "a", "ship").lines().toList();
    assertEquals("forward graph: inputs [ids, noise]", lines.get(0).substring(0, lines.get(0).lastIndexOf(',')));
    assertTrue(lines.get(1).matches("ELBO -\\d+\\.\\d nats; h\\(1\\) lies \\d+\\.\\d{3} from h\\(0\\)"), lines.get(1));
    assertTrue(lines.get(3).matches("written: a ship[a-z ]{40}"), lines.get(3));
    assertEquals(lines.get(4).replace("written at temperature 0.5: ", ""), lines.get(5).replace("written by the loaded graph: ", ""));
  }

  @Test
  void everyFlowIsShownWithItsChanges() throws Exception {
    String shown = output(WatchFlowsEdit::main, "2");
    List<Double> changes = numbers("changes +(\\d+) of 90$", shown);
    assertEquals(1 + TarFlowZoo.load("text8-mixd").config().flows().size(), changes.size(), shown);
    assertEquals(changes.stream().mapToDouble(each -> each).sum(), shown.chars().filter(c -> c == '^').count());
  }

  @Test
  void couplingsComeBack() throws Exception {
    String shown = output(CouplingByHand::main);
    Matcher scalar = Pattern.compile("^ +(-?[\\d.]+) +\\S+ +\\S+ +(-?[\\d.]+) +\\S+$", Pattern.MULTILINE).matcher(shown);
    int rows = 0;
    while (scalar.find()) {
      assertEquals(Double.parseDouble(scalar.group(1)), Double.parseDouble(scalar.group(2)), 1e-5, shown);
      rows++;
    }
    assertEquals(5, rows, shown);
    assertTrue(shown.contains("(4.000000, -4.000000)"), shown);
  }

  @Test
  void aFewStepsOfTraining() throws Exception {
    String shown = output(TrainTiny::main, "4");
    List<Double> bits = numbers("at most ([\\d.]+) bits", shown);
    assertEquals(1, bits.size(), shown);
    assertTrue(bits.get(0) > 2 && bits.get(0) < 15, shown);
    assertTrue(shown.lines().anyMatch(line -> line.length() == 100), shown);
  }

  @Test
  void fineTuningMovesOneFlowAndStops() throws Exception {
    String shown = output(FineTune::main, "8");
    int epochs = numbers("^after epoch \\d: ([\\d.]+) bits", shown).size();
    assertTrue(epochs >= 1 && epochs <= 5, shown);
    assertEquals(List.of(2.0 * epochs), numbers("^(\\d+) steps", shown), shown);
    Set<String> names = TarFlowZoo.load("text8-mixd").tensors().keySet();
    long frozen = names.stream().filter(name -> !name.startsWith("flow0.")).count();
    assertTrue(shown.contains(" " + frozen + " of " + names.size() + " tensors are still the zoo's"), shown);
    List<Double> bits = numbers("at most ([\\d.]+) bits per character \\(ELBO\\)", shown);
    assertEquals(bits.get(0), bits.get(1), 0.1, shown);
  }

  @Test
  void aClassifierOnFeaturesAndOneOnLetters() throws Exception {
    String shown = output(ClassifySentences::main, "20");
    assertTrue(shown.startsWith("in order, backwards: 40 sentences to learn from, 20 held out"), shown);
    assertEquals(1, numbers("^flow's features: ([\\d.]+) % right", shown).size(), shown);
    assertEquals(List.of(50.0), numbers("^bag of letters:  ([\\d.]+) % right", shown), shown);
  }

  @Test
  void everyFormatBecomesBatchesThatTrain() throws Exception {
    String shown = output(DataPipelines::main);
    List<Double> before = numbers("^  trained: ([\\d.]+) nats", shown);
    List<Double> after = numbers("before, ([\\d.]+) after", shown);
    assertEquals(5, before.size(), shown);
    for (int i = 0; i < 5; i++) {
      assertTrue(after.get(i) < before.get(i), shown);
    }
    assertEquals(3, shown.lines().filter(line -> line.endsWith(": ids INT [4, 64], noise FLOAT [4, 64, 5]")).count(), shown);
    assertEquals(2, shown.lines().filter(line -> line.startsWith("  chapter four two the whiteness of the whale")).count(), shown);
    assertTrue(shown.contains("<page><title>Whale</title>"), shown);
  }

  @Test
  void threeBoundsAndTheTwinsExactFigure() throws Exception {
    String shown = output(CompareLikelihoods::main, "512");
    List<Double> bits = numbers("^text8-\\S+ +(?:ELBO|IW-4|IW-16|EXACT) +([\\d.]+)", shown);
    assertEquals(4, bits.size(), shown);
    bits.forEach(each -> assertTrue(each > 1 && each < 4, shown));
    assertTrue(bits.subList(0, 3).stream().allMatch(each -> Math.abs(each - bits.get(0)) < 0.1), shown);
  }
}
