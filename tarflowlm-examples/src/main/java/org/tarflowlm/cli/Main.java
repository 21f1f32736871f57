package org.tarflowlm.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.apache.logging.log4j.LogManager;
import org.tarflowlm.bench.BenchCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command line: {@code tarflowlm train}. */
@Command(name = "tarflowlm", mixinStandardHelpOptions = true, version = "TarFlowLM 0.1.0-SNAPSHOT",
    description = "A language model in a continuous latent space: transformer-based autoregressive normalizing flows.",
    subcommands = {DataCommand.class, TrainCommand.class, BenchCommand.class})
public final class Main implements Runnable {
  private static final int FAILURE = 1;

  @Spec
  private CommandSpec spec;

  public static void main(String[] arguments) {
    int code = commandLine().execute(arguments);
    LogManager.shutdown();
    System.exit(code);
  }

  static CommandLine commandLine() {
    CommandLine line = new CommandLine(new Main());
    line.setOut(new PrintWriter(System.out, true, StandardCharsets.UTF_8));
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setExecutionExceptionHandler(Main::report);
    return line;
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing; expected one of " + spec.subcommands().keySet());
  }

  /** One line on standard error; the stack trace goes to the log at level debug. */
  private static int report(Exception failure, CommandLine line, CommandLine.ParseResult parsed) {
    LogManager.getLogger(Main.class).debug("failed", failure);
    String message = failure.getMessage() == null ? failure.toString() : failure.getMessage().replaceAll("\\s*\\R\\s*", " ");
    line.getErr().println("tarflowlm: " + message);
    return FAILURE;
  }
}
