package org.tarflowlm.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.command.Json;
import org.tarflowlm.command.UntilInterrupted;
import org.tarflowlm.train.Changes;
import org.tarflowlm.train.Experiment;
import org.tarflowlm.train.ExperimentReport;
import org.tarflowlm.train.ExperimentRow;
import org.tarflowlm.train.ExperimentSpec;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Trains and scores the rows of a comparison and writes its table. */
@Command(name = "experiment", mixinStandardHelpOptions = true, description = {
    "Train several models on one text, score them on another, and write a table of the results.",
    "Each row has one run per seed. Finished runs are kept; an interrupted run continues where it stopped.",
    "Several processes may share an experiment: each takes runs that no other process is working on."})
final class ExperimentCommand extends BaseCommand {
  private static final Logger LOG = LogManager.getLogger(ExperimentCommand.class);

  @Option(names = "--spec", required = true, paramLabel = "FILE", description = "JSON: title, rows (name, label, config, ...), baseline.")
  private Path spec;

  @Option(names = "--train", required = true, paramLabel = "FILE",
      description = "Text to train on: a file, or a part of a corpus, such as text8:train.")
  private String train;

  @Option(names = "--valid", required = true, paramLabel = "FILE", description = "Text that selects the best checkpoint.")
  private String valid;

  @Option(names = "--test", required = true, paramLabel = "FILE", description = "Text to score for the table.")
  private String test;

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "Folder of the runs, one folder each.")
  private Path out;

  @Option(names = "--rows", split = ",", paramLabel = "NAME", description = "Only these rows, in this order; default all.")
  private List<String> rows = List.of();

  @Option(names = "--samples", defaultValue = "64", paramLabel = "K",
      description = "Samples of the importance-weighted bound; 1 leaves it out; default ${DEFAULT-VALUE}.")
  private int samples;

  @Option(names = "--report", paramLabel = "FILE",
      description = "Markdown file whose table is updated after each row; the rest of the file stays.")
  private Path report;

  @Option(names = "--allow-changes", description = "Accept runs made with another configuration, text or program version.")
  private boolean allowChanges;

  @Option(names = "--json", description = "Print the figures as JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    Experiment experiment = new Experiment(spec, new Experiment.Texts(train, valid, test), samples, out,
        allowChanges ? Changes.ALLOW : Changes.REFUSE);
    List<ExperimentSpec.Run> runs = (rows.isEmpty() ? experiment.spec().rows() : rows.stream().map(experiment.spec()::row).toList())
        .stream().flatMap(row -> experiment.spec().runs(row).stream()).toList();
    List<String> busy = new ArrayList<>();
    boolean finished = UntilInterrupted.run(interrupted -> {
      for (ExperimentSpec.Run run : runs) {
        Experiment.Outcome outcome = interrupted.getAsBoolean() ? Experiment.Outcome.INTERRUPTED : experiment.run(run, interrupted);
        if (outcome == Experiment.Outcome.INTERRUPTED) {
          return false;
        }
        if (outcome == Experiment.Outcome.BUSY) {
          busy.add(run.folder());
        } else {
          RunCurves.draw(experiment.folder(run));
        }
        if (report != null) {
          experiment.report(report);
        }
      }
      return true;
    });
    if (!busy.isEmpty()) {
      LOG.info("left to other processes: {}", String.join(", ", busy));
    }
    List<ExperimentRow> results = experiment.results();
    out().println(json ? Json.of(results) : ExperimentReport.markdown(experiment.spec(), results).stripTrailing());
    return finished ? 0 : UntilInterrupted.INTERRUPTED;
  }
}
