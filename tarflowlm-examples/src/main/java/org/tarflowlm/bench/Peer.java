package org.tarflowlm.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Runs another program, whose times alternate with ours. */
final class Peer {
  private Peer() {}

  /** Runs a peer's command, with the shape's values in place of the names in braces; returns its median milliseconds per training step. */
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
   * Runs a shell command and returns the last word that it prints, as a number.
   *
   * @param figure what the number means, for the exception's message
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
