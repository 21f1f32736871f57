package org.tarflowlm.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs the command line in another process, with this process's Java, JVM options and class path. Start-up time and memory use can only be
 * measured from the start of a process.
 */
final class ChildProcess {
  private static final String MAIN = "org.tarflowlm.cli.Start";

  private ChildProcess() {}

  /**
   * Runs a command.
   *
   * @return its standard output
   * @throws IOException if its exit code is not 0
   */
  static String run(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    // without agents, such as one for test coverage: they would take time and memory of their own
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
