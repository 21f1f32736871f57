package org.tarflowlm.bench;

import java.util.List;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.tarflowlm.command.BaseCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs {@link KernelBenchmarks} under JMH. */
@Command(name = "kernels", mixinStandardHelpOptions = true, description = "Time the kernels of a transformer layer under JMH.")
final class BenchKernelsCommand extends BaseCommand {
  @Parameters(arity = "0..*", paramLabel = "NAME", description = "parts of benchmark names, such as attention; all if none is given")
  private List<String> names = List.of();

  @Option(names = "--shape", paramLabel = "BxTxWxH", description = "batch x time x width x heads; default two shapes")
  private List<String> shapes = List.of();

  @Option(names = "--iterations", defaultValue = "5", description = "seconds each; default ${DEFAULT-VALUE}")
  private int iterations;

  @Override
  public Integer call() throws RunnerException {
    ChainedOptionsBuilder options = new OptionsBuilder().measurementIterations(iterations).shouldFailOnError(true);
    if (names.isEmpty()) {
      options.include(KernelBenchmarks.class.getName());
    }
    names.forEach(name -> options.include(KernelBenchmarks.class.getSimpleName() + "\\..*" + name));
    if (!shapes.isEmpty()) {
      options.param("shape", shapes.toArray(String[]::new));
    }
    new Runner(options.build()).run();
    return 0;
  }
}
