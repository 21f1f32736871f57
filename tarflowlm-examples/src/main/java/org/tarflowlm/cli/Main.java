package org.tarflowlm.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import org.apache.logging.log4j.LogManager;
import org.tarflowlm.bench.BenchCommand;
import org.tarflowlm.command.BaseCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/**
 * The command line. Results go to standard output, everything else to standard error. A failure prints one line there and exits with code
 * 1, wrong usage with code 2.
 */
@Command(name = "tarflowlm", mixinStandardHelpOptions = true, versionProvider = Version.class,
    description = "A language model in a continuous latent space: transformer-based autoregressive normalizing flows.")
public final class Main extends BaseCommand {
  private static final List<Class<?>> COMMANDS = List.of(DemoCommand.class, ScoreCommand.class, FlowsCommand.class,
      GenerateCommand.class, EditCommand.class, LatentsCommand.class, InterpolateCommand.class, EvaluateSamplesCommand.class,
      EvaluateInfillingCommand.class, ServeCommand.class, TrainCommand.class, ExperimentCommand.class, CurvesCommand.class,
      NGramsCommand.class, ZooCommand.class, DataCommand.class, ExampleCommand.class, BenchCommand.class, FlopsCommand.class);

  /** Called by {@link Start}, which reports errors outside any command. */
  public static void main(String[] arguments) {
    int code = commandLine(arguments).execute(arguments);
    LogManager.shutdown();
    System.exit(code);
  }

  /** Refuses to run if the requested backend is not on the class path. */
  @Option(names = "--backend", scope = ScopeType.INHERIT, paramLabel = "NAME",
      description = "Run only on this backend: ${COMPLETION-CANDIDATES}. TARFLOWLM_BACKEND selects it.")
  private void requireBackend(Version.Backend expected) {
    Version.Backend built = Version.backend();
    require(expected == built, "--backend is " + expected + "; the class path holds " + built + " (TARFLOWLM_BACKEND=" + expected
        + " in the environment builds with the other)");
  }

  /**
   * Figures and messages ignore the system's locale. An argument that begins with @ is plain text.
   *
   * @param arguments if the first one names a command, only that one is set up, since all of them take 0.2 seconds
   */
  static CommandLine commandLine(String... arguments) {
    Locale.setDefault(Locale.ROOT);
    CommandLine line = new CommandLine(new Main());
    Predicate<Class<?>> isFirst = each -> arguments.length > 0 && each.getAnnotation(Command.class).name().equals(arguments[0]);
    COMMANDS.stream().filter(COMMANDS.stream().anyMatch(isFirst) ? isFirst : each -> true).forEach(line::addSubcommand);
    line.setOut(new PrintWriter(System.out, true, StandardCharsets.UTF_8));
    line.setExpandAtFiles(false);
    line.setAllowOptionsAsOptionParameters(true); // --prompt=--help: what follows an option is its value
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setExecutionExceptionHandler((failure, command, parsed) -> Failures.reportFailure(failure, command));
    line.setParameterExceptionHandler((failure, given) -> Failures.reportUsage(failure));
    return line;
  }
}
