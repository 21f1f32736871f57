package org.tarflowlm.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Benchmarks. */
@Command(name = "bench", mixinStandardHelpOptions = true, description = "Measure speed and memory on this machine.", subcommands = {
    BenchStepCommand.class, BenchGenerateCommand.class, BenchKernelsCommand.class, BenchCouplingsCommand.class,
    BenchMemoryCommand.class, BenchRoundTripCommand.class, BenchGpuCommand.class, BenchServeCommand.class})
public final class BenchCommand implements Runnable {
  @Spec
  private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a benchmark is missing; expected one of " + spec.subcommands().keySet());
  }

  /** A result for machines, indented. */
  static String json(Object value) throws IOException {
    return new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(value);
  }
}
