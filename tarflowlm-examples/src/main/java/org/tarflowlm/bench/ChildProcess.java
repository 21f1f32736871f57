package org.tarflowlm.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The command line in another process, with this one's Java, options and class path: start-up and memory count from a process's begin. */
final class ChildProcess {
  private static final String MAIN = "org.tarflowlm.cli.Start";

  private ChildProcess() {}

  /**
   * Runs a command.
   *
   * @return what it has printed
   * @throws IOException if it fails
   */
  static String run(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    // an agent, such as one that counts what tests cover, would be measured too
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream().filter(each -> !each.startsWith("-javaagent")).forEach(command::add);
    command.addAll(List.of("-Dtarflowlm.log=warn", "-cp", System.getProperty("java.class.path"), MAIN));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int code = process.waitFor();
    if (code != 0) {
      throw new IOException(String.join(" ", arguments) + " in a process of its own ended with code " + code);
    }
    return printed;
  }
}
