package org.tarflowlm.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Another program that is measured alternating with ours. */
final class Peer {
  private Peer() {}

  /**
   * Runs a shell command and takes the last word that it prints as its figure.
   *
   * @param figure what that should be, for the message
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
