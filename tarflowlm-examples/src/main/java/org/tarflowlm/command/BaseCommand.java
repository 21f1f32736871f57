package org.tarflowlm.command;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What every command shares: its output streams, and how it refuses invalid arguments. */
public abstract class BaseCommand implements Callable<Integer> {
  @Spec
  private CommandSpec spec;

  /** Does the work and returns the exit code. The default, for a command that only groups others, asks for one of those. */
  @Override
  public Integer call() throws Exception {
    throw wrong("a command is missing; expected one of " + String.join(", ", spec.subcommands().keySet()));
  }

  /** Standard output, flushed at each line end. */
  protected final PrintWriter out() {
    return spec.commandLine().getOut();
  }

  protected final PrintWriter err() {
    return spec.commandLine().getErr();
  }

  /** The exception for wrong usage of the command line. */
  protected final ParameterException wrong(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  /** @throws ParameterException with the message, if the condition does not hold */
  protected final void require(boolean holds, String message) {
    if (!holds) {
      throw wrong(message);
    }
  }

  /** @throws ParameterException that names the option, if the value is below {@code least} */
  protected final void requireAtLeast(String option, long value, long least) {
    require(value >= least, option + " is " + value + "; expected at least " + least);
  }
}
