package org.tarflowlm.command;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What every command has: where its output goes, and how it refuses arguments that make no sense. */
public abstract class BaseCommand implements Callable<Integer> {
  @Spec
  private CommandSpec spec;

  /** Does the work and returns the exit code. By itself a command only holds others, and refuses to run without one of them. */
  @Override
  public Integer call() throws Exception {
    throw wrong("a command is missing; expected one of " + String.join(", ", spec.subcommands().keySet()));
  }

  /** Standard output; a line shows as soon as it ends. */
  protected final PrintWriter out() {
    return spec.commandLine().getOut();
  }

  protected final PrintWriter err() {
    return spec.commandLine().getErr();
  }

  /** A wrong use of the command line. */
  protected final ParameterException wrong(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  /** @throws ParameterException with the message unless something holds */
  protected final void require(boolean holds, String message) {
    if (!holds) {
      throw wrong(message);
    }
  }

  /** @throws ParameterException naming the option */
  protected final void requireAtLeast(String option, long value, long least) {
    require(value >= least, option + " is " + value + "; expected at least " + least);
  }
}
