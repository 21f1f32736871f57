package org.tarflowlm.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.data.file.AtomicFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** One chart of several runs. */
@Command(name = "curves", mixinStandardHelpOptions = true,
    description = "Draw the validation curves of several runs into one chart, against the tokens that they had seen.")
final class CurvesCommand extends BaseCommand implements Runnable {
  @Parameters(arity = "1..*", paramLabel = "NAME=DIR", description = "Name in the legend, and output folder of a run.")
  private Map<String, Path> runs = new LinkedHashMap<>();

  @Option(names = "--output", required = true, paramLabel = "FILE", description = "PNG to write.")
  private Path output;

  @Option(names = "--title", paramLabel = "TEXT", description = "Title; default: none.")
  private String title = "";

  @Override
  public void run() {
    try {
      Map<String, Path> logs = new LinkedHashMap<>();
      for (Map.Entry<String, Path> each : runs.entrySet()) {
        Path log = each.getValue().resolve(RunCurves.LOG);
        require(Files.isRegularFile(log), each.getValue() + " has no " + RunCurves.LOG + "; expected the output folder of a run");
        logs.put(each.getKey(), log);
      }
      byte[] png = RunCurves.together(logs, title);
      AtomicFile.write(output, out -> out.write(png));
      out().println(output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
