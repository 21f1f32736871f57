package org.tarflowlm.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Another program, timed in turns with ours. */
final class Peer {
  private Peer() {}

  /** The median milliseconds of a training step that a peer prints, having got the shape for the names in braces. */
  static double stepMs(String command, StepBenchmark.Shape shape, int steps) throws IOException, InterruptedException {
    return run(fill(command, shape.placeholders(steps)), "its median milliseconds per step");
  }

  /** The command with the value of each name in place of the name in braces. */
  private static String fill(String command, Map<String, ?> values) {
    String filled = command;
    for (Map.Entry<String, ?> each : values.entrySet()) {
      filled = filled.replace("{" + each.getKey() + "}", each.getValue().toString());
    }
    return filled;
  }

  /**
   * Runs a shell command and parses the last word that it prints as its result.
   *
   * @param figure what the number means, for the message
   * @throws IOException if the command fails or prints no number
   */
  static double run(String command, String figure) throws IOException, InterruptedException {
    Process process = new ProcessBuilder("sh", "-c", command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String last = printed.strip().lines().reduce("", (before, line) -> line.strip());
    int code = process.waitFor();
    String[] words = last.split("\\s+");
    try {
      if (code == 0) {
        return Double.parseDouble(words[words.length - 1]);
      }
    } catch (NumberFormatException e) {
      // reported below
    }
    throw new IOException("--peer ended with code " + code + " and '" + last + "'; expected " + figure + " as last word");
  }
}
