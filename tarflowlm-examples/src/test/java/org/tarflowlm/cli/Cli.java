package org.tarflowlm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import picocli.CommandLine;

/**
 * Result of a call of the command line.
 *
 * @param code exit code
 * @param out standard output
 * @param err standard error, without the log
 */
record Cli(int code, String out, String err) {

  static Cli run(Object... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine line = Main.commandLine();
    line.setOut(new PrintWriter(out, true));
    line.setErr(new PrintWriter(err, true));
    String[] words = new String[arguments.length];
    for (int i = 0; i < words.length; i++) {
      words[i] = arguments[i].toString();
    }
    int code = line.execute(words);
    return new Cli(code, out.toString(), err.toString());
  }

  /** Checks that the call succeeded. */
  Cli succeeds() {
    assertEquals(0, code, () -> err + out);
    return this;
  }

  /** Checks that the call failed with one line on standard error that contains these words, and printed nothing on standard output. */
  void fails(int expectedCode, String... words) {
    assertEquals(1, err.lines().count(), err);
    assertTrue(err.startsWith("tarflowlm"), err);
    for (String each : words) {
      assertTrue(err.contains(each), "expected '" + each + "' in: " + err);
    }
    assertFalse(err.contains("Exception"), err);
    assertEquals("", out);
    assertEquals(expectedCode, code, err);
  }

  JsonNode json() {
    try {
      return new ObjectMapper().readTree(out);
    } catch (JsonProcessingException e) {
      throw new AssertionError("not one JSON object: " + out, e);
    }
  }
}
