package org.tarflowlm.spark;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkException;
import org.apache.spark.sql.SparkSession;
import org.tarflowlm.data.documents.BadDocuments;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.file.IoErrors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The commands, and what they share. */
@Command(name = "tarflowlm spark", mixinStandardHelpOptions = true,
    description = "Score, generate, tokenise and train on Apache Spark. Options have the names of the local commands.",
    subcommands = {ScoreCommand.class, GenerateCommand.class, TokenizeCommand.class, TrainCommand.class,
        BenchCommand.class, ExampleCommand.class})
final class Commands implements Runnable {
  static final int FAILURE = 1;
  private static final int WRONG_USE = 2;
  private static final Logger LOG = LogManager.getLogger(Commands.class);
  /** Finds the task's exception in Spark's message about a failed job. */
  private static final Pattern THROWN = Pattern.compile("most recent failure: [^\\n]*?: ([\\w.$]+(?:Exception|Error)): ([^\\n]*)");

  @Spec
  private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(),
        "a command is missing; expected one of " + String.join(", ", spec.subcommands().keySet()));
  }

  /** @return the exit code */
  static int execute(String... arguments) {
    return execute(new PrintWriter(System.out, true, StandardCharsets.UTF_8), new PrintWriter(System.err, true, StandardCharsets.UTF_8),
        arguments);
  }

  static int execute(PrintWriter out, PrintWriter err, String... arguments) {
    CommandLine line = new CommandLine(new Commands());
    line.setOut(out);
    line.setErr(err);
    line.setExpandAtFiles(false);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setExecutionExceptionHandler((failure, command, parsed) -> {
      LOG.debug("failed", failure);
      err.println("tarflowlm: " + message(failure));
      return FAILURE;
    });
    line.setParameterExceptionHandler((failure, given) -> {
      String name = failure.getCommandLine().getCommandSpec().qualifiedName();
      err.println(name + ": " + oneLine(failure.getMessage()) + " (see " + name + " --help)");
      return WRONG_USE;
    });
    return line.execute(arguments);
  }

  /** One line that names the cause; for a job that a task ended, the task's exception. */
  static String message(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null && (cause instanceof SparkException || cause.getClass() == RuntimeException.class)) {
      cause = cause.getCause();
    }
    Matcher thrown = THROWN.matcher(String.valueOf(cause.getMessage()));
    if (thrown.find()) {
      return oneLine(thrown.group(2));
    }
    if (cause instanceof UncheckedIOException || cause instanceof IOException) {
      return oneLine(IoErrors.reason(cause instanceof UncheckedIOException unchecked ? unchecked.getCause() : (IOException) cause));
    }
    return oneLine(cause.getMessage() == null ? cause.toString() : cause.getMessage());
  }

  private static String oneLine(String text) {
    String line = text.strip().replaceAll("\\s*\\R\\s*", " ");
    return line.length() <= 1_000 ? line : line.substring(0, 1_000);
  }

  /** A JSON object of names and their values in turn; a value may be null. */
  static String json(Object... namesAndValues) {
    Map<String, Object> result = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      result.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return json(result);
  }

  static String json(Map<String, Object> result) {
    try {
      return new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsString(result);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A command that works in a Spark session. */
  abstract static class OnSpark implements Runnable {
    @Mixin
    Session session;

    @Spec
    private CommandSpec spec;

    final CommandLine command() {
      return spec.commandLine();
    }

    final PrintWriter out() {
      return command().getOut();
    }
  }

  /** Options for reading documents. */
  static final class Documents {
    @Option(names = "--text-field", paramLabel = "NAME", description = "Field of a JSON object that holds the text; default: text.")
    private String textField = "text";

    @Option(names = "--bad-documents", paramLabel = "WHAT", description = "fail, skip or replace, as in the local commands.")
    private BadDocuments bad = BadDocuments.FAIL;

    DocumentOptions options() {
      return DocumentOptions.DEFAULT.withTextField(textField).withBad(bad);
    }
  }

  /** Options for Spark, shared by all commands. */
  static final class Session {
    @Option(names = "--master", paramLabel = "URL", description = "Spark's master, if not run by spark-submit; default local[*].")
    private String master;

    @Option(names = "--conf", paramLabel = "KEY=VALUE", description = "A Spark setting, if not run by spark-submit.")
    private Map<String, String> settings = Map.of();

    @Option(names = "--allow-mixed-machines", description = "Continue even if executors use other kernels or threads than the "
        + "driver; the last bits of results then depend on the machine.")
    private boolean mixedMachines;

    private final Map<String, String> defaults = new HashMap<>();

    /** Sets a Spark setting unless the user has chosen a value. */
    void setDefault(String key, String value) {
      defaults.put(key, value);
    }

    boolean mixedMachines() {
      return mixedMachines;
    }

    /** Work of a command that uses Spark. */
    @FunctionalInterface
    interface Work {
      void on(SparkSession spark) throws IOException;
    }

    /** Runs the work in this application's session. If there is none, opens one and stops it after the work. */
    void run(Work work) {
      SparkVersion.require();
      boolean own = SparkSession.getDefaultSession().isEmpty();
      SparkSession spark = open();
      try {
        work.on(spark);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } finally {
        if (own) {
          spark.stop();
        }
      }
    }

    private SparkSession open() {
      SparkConf conf = new SparkConf();
      settings.forEach(conf::set);
      if (master != null) {
        conf.setMaster(master);
      }
      conf.setIfMissing("spark.master", "local[*]");
      conf.setIfMissing("spark.app.name", "tarflowlm");
      defaults.forEach(conf::setIfMissing);
      if (conf.get("spark.master").startsWith("local-cluster")) {
        // executors on this machine; no spark-submit has set their class path
        conf.setIfMissing("spark.executor.extraClassPath", System.getProperty("java.class.path"));
      }
      return SparkSession.builder().config(TarFlowSpark.configure(conf)).getOrCreate();
    }
  }
}
