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

/**
 * The command line. Results go to standard output, everything else to standard error; a failure is one line there and exit code 1,
 * a wrong use of the command line one line and exit code 2.
 */
@Command(name = "tarflowlm", mixinStandardHelpOptions = true, versionProvider = Version.class,
    description = "A language model in a continuous latent space: transformer-based autoregressive normalizing flows.",
    subcommands = {DemoCommand.class, ScoreCommand.class, GenerateCommand.class, EditCommand.class, EvaluateSamplesCommand.class,
        EvaluateInfillingCommand.class, TrainCommand.class, ExperimentCommand.class, NGramsCommand.class, ZooCommand.class,
        DataCommand.class, ExampleCommand.class, BenchCommand.class})
public final class Main implements Runnable {
  @Spec
  private CommandSpec spec;

  public static void main(String[] arguments) {
    int code = execute(arguments);
    LogManager.shutdown();
    System.exit(code);
  }

  private static int execute(String... arguments) {
    CommandLine line = commandLine();
    try {
      return line.execute(arguments);
    } catch (OutOfMemoryError e) {
      line.getErr().println("tarflowlm: out of memory (" + e.getMessage() + "); TARFLOWLM_JAVA_OPTS=-Xmx8g gives Java more");
      return Failures.FAILURE;
    }
  }

  static CommandLine commandLine() {
    CommandLine line = new CommandLine(new Main());
    line.setOut(new PrintWriter(System.out, true, StandardCharsets.UTF_8));
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setExecutionExceptionHandler((failure, command, parsed) -> Failures.reportFailure(failure, command));
    line.setParameterExceptionHandler((failure, arguments) -> Failures.reportUsage(failure));
    return line;
  }

  @Override
  public void run() {
    throw missingCommand(spec);
  }

  /** For commands that only hold others. */
  static ParameterException missingCommand(CommandSpec spec) {
    return new ParameterException(spec.commandLine(),
        "a command is missing; expected one of " + String.join(", ", spec.subcommands().keySet()));
  }
}
