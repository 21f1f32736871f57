package org.tarflowlm.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The packaged models. */
@Command(name = "zoo", mixinStandardHelpOptions = true, description = "Work with the packaged models.",
    subcommands = {ZooListCommand.class, PackageCommand.class})
final class ZooCommand implements Runnable {
  @Spec
  private CommandSpec spec;

  @Override
  public void run() {
    throw Main.missingCommand(spec);
  }
}
