package org.tarflowlm.bench;

import org.tarflowlm.command.BaseCommand;
import picocli.CommandLine.Command;

/** Groups the benchmarks. */
@Command(name = "bench", mixinStandardHelpOptions = true, description = "Measure speed and memory on this machine.", subcommands = {
    BenchAllCommand.class, BenchCompareCommand.class, BenchScalingCommand.class, BenchStepCommand.class, BenchGenerateCommand.class,
    BenchKernelsCommand.class, BenchCouplingsCommand.class, BenchMemoryCommand.class, BenchRoundTripCommand.class, BenchGpuCommand.class,
    BenchServeCommand.class})
public final class BenchCommand extends BaseCommand {}
