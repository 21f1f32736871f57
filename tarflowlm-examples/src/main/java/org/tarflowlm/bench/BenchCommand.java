package org.tarflowlm.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import org.tarflowlm.command.BaseCommand;
import picocli.CommandLine.Command;

/** Benchmarks. */
@Command(name = "bench", mixinStandardHelpOptions = true, description = "Measure speed and memory on this machine.", subcommands = {
    BenchStepCommand.class, BenchGenerateCommand.class, BenchKernelsCommand.class, BenchCouplingsCommand.class,
    BenchMemoryCommand.class, BenchRoundTripCommand.class, BenchGpuCommand.class, BenchServeCommand.class})
public final class BenchCommand extends BaseCommand implements Runnable {
  @Override
  public void run() {
    throw missing("a benchmark");
  }

  /** A result for machines, indented. */
  static String json(Object value) throws IOException {
    return new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(value);
  }
}
