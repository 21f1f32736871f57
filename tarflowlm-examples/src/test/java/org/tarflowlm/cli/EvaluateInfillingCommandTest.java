package org.tarflowlm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.data.documents.Excerpt;

/** Runs evaluate-infilling with models of a few thousand parameters and a window of 32. */
class EvaluateInfillingCommandTest extends TinyModelFiles {
  @Test
  void fillingsAreJudgedWithWhatFollowsThem() throws IOException {
    Path reference = Files.writeString(folder.resolve("pieces"), Excerpt.text().substring(0, 500));
    Object[] call = {"evaluate-infilling", "--model", flows, "--twin", discrete, "--reference", reference, "--pieces", 3, "--left", 10,
        "--gap", 6, "--right", 12, "--join", 4, "--refinements", "0,2"};
    String table = Cli.run(call).succeeds().out();
    assertEquals(2 + 6 + 1, table.lines().count(), table);
    assertEquals(table, Cli.run(call).out());

    Object[] asJson = Arrays.copyOf(call, call.length + 1);
    asJson[call.length] = "--json";
    JsonNode rows = Cli.run(asJson).succeeds().json().get("rows");
    JsonNode truth = rows.get(0).get("bits").get(discrete.toString());
    assertEquals(0.0, truth.get("gap").get("moreThanTrueText").get("mean").asDouble());
    double gap = 0;
    double next = 0;
    double all = 0;
    try (TarFlowLM judge = TarFlowLM.load(discrete)) {
      for (int i = 0; i < 3; i++) {
        int at = (500 - 28) * i / 2;
        String piece = Excerpt.text().substring(at, at + 28);
        double known = judge.score(piece.substring(0, 10)).nats();
        double upToGap = judge.score(piece.substring(0, 16)).nats();
        gap += upToGap - known;
        next += judge.score(piece.substring(0, 20)).nats() - upToGap;
        all += judge.score(piece).nats() - known;
      }
    }
    double bitsPerNat = 1 / Math.log(2) / 3;
    assertEquals(gap * bitsPerNat / 6, truth.get("gap").get("bitsPerCharacter").get("mean").asDouble(), 1e-6);
    assertEquals(next * bitsPerNat / 4, truth.get("next 4").get("bitsPerCharacter").get("mean").asDouble(), 1e-6);
    assertEquals(all * bitsPerNat / 18, truth.get("gap and all after").get("bitsPerCharacter").get("mean").asDouble(), 1e-6);
    assertTrue(truth.get("gap").get("bitsPerCharacter").get("standardError").asDouble() > 0);

    assertTrue(rows.get(1).get("accepted").isNull(), "no steps");
    double accepted = rows.get(2).get("accepted").asDouble();
    assertTrue(accepted >= 0 && accepted <= 1, rows.get(2).toString());
    for (int row = 1; row < rows.size(); row++) {
      assertNotEquals(0.0, rows.get(row).get("bits").get(flows.toString()).get("next 4").get("moreThanTrueText").get("mean").asDouble());
    }
  }

  @Test
  void aGapAtTheEndIsAPromptsContinuation() throws IOException {
    Path reference = Files.writeString(folder.resolve("prompts"), Excerpt.text().substring(0, 300));
    JsonNode rows = Cli.run("evaluate-infilling", "--model", flows, "--twin", discrete, "--judges", discrete, "--reference", reference,
        "--pieces", 2, "--left", 10, "--gap", 8, "--right", 0, "--refinements", "0", "--json").succeeds().json().get("rows");
    assertEquals(4, rows.size(), "real text, flows, twin, from nothing");
    for (JsonNode row : rows) {
      List<String> parts = new ArrayList<>();
      row.get("bits").get(discrete.toString()).fieldNames().forEachRemaining(parts::add);
      assertEquals(List.of("gap"), parts);
    }
  }

  @Test
  void wrongUseIsNamed() throws IOException {
    Path reference = Files.writeString(folder.resolve("short"), "call me ishmael");
    Cli.run("evaluate-infilling").fails(2, "--reference");
    Cli.run("evaluate-infilling", "--reference", reference, "--gap", 0).fails(2, "--gap is 0; expected at least 1");
    Cli.run("evaluate-infilling", "--reference", reference, "--refinements", "4,-1").fails(2, "--refinements is -1; expected at least 0");
    Cli.run("evaluate-infilling", "--reference", reference, "--temperature", 0)
        .fails(2, "--temperature is 0.0; expected a positive number");
    Cli.run("evaluate-infilling", "--reference", reference, "--model", flows, "--twin", discrete)
        .fails(2, "--left, --gap and --right are 256 tokens; the window of " + flows + " has 32");
    Object[] fitting = {"evaluate-infilling", "--reference", reference, "--model", flows, "--twin", discrete, "--left", 4, "--gap", 4,
        "--right", 4};
    Cli.run(with(fitting, "--right", 12)).fails(1, reference + " has 15 tokens; expected at least 20");
    Cli.run(with(fitting, "--reference", folder.resolve("none"))).fails(1, "none does not exist");
    Cli.run(with(fitting, "--model", discrete)).fails(1, "which has no flows");
  }

  /** The call with one option's value replaced. */
  private static Object[] with(Object[] call, String option, Object value) {
    Object[] result = call.clone();
    result[Arrays.asList(call).indexOf(option) + 1] = value;
    return result;
  }
}
