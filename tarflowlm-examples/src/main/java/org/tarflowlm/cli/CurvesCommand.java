package org.tarflowlm.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.data.file.AtomicFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Draws one chart of several runs. */
@Command(name = "curves", mixinStandardHelpOptions = true,
    description = "Draw the validation curves of several runs in one chart, against the tokens seen.")
final class CurvesCommand extends BaseCommand {
  @Parameters(arity = "1..*", paramLabel = "NAME=DIR", description = "Name in the legend, and output folder of a run.")
  private Map<String, Path> runs = new LinkedHashMap<>();

  @Option(names = "--output", required = true, paramLabel = "FILE", description = "PNG to write.")
  private Path output;

  @Option(names = "--title", paramLabel = "TEXT", description = "Title; default: none.")
  private String title = "";

  @Override
  public Integer call() throws IOException {
    runs.values().forEach(run -> require(Files.isRegularFile(run.resolve(RunCurves.LOG)),
        run + " has no " + RunCurves.LOG + "; expected the output folder of a run"));
    byte[] png = RunCurves.together(runs, title);
    AtomicFile.write(output, out -> out.write(png));
    out().println(output);
    return 0;
  }
}
