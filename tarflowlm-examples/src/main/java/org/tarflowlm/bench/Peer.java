package org.tarflowlm.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Another program, timed in turns with ours. */
final class Peer {
  private Peer() {}

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
