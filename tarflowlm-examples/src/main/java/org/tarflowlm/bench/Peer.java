package org.tarflowlm.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
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
    String last = "";
    try (BufferedReader reader = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        last = line.isBlank() ? last : line.trim();
      }
    }
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
