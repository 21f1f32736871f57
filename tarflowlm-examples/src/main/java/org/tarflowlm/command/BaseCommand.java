package org.tarflowlm.command;

import java.io.PrintWriter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What every command has: where its output goes, and how it refuses arguments that make no sense. */
public abstract class BaseCommand {
  @Spec
  private CommandSpec spec;

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

  /** For commands that only hold others. */
  protected final ParameterException missing(String what) {
    return wrong(what + " is missing; expected one of " + String.join(", ", spec.subcommands().keySet()));
  }
}
