package org.tarflowlm.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.tarflowlm.Score;
import org.tarflowlm.ScoringOptions;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.checkpoint.CheckpointInfo;
import org.tarflowlm.checkpoint.Measurement;
import org.tarflowlm.checkpoint.safetensors.DType;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.data.corpus.Corpora;
import org.tarflowlm.data.file.AtomicFile;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.zoo.ZooEntry;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Turns a trained checkpoint into one for the zoo: measures and describes it, and prints its entry for the index. */
@Command(name = "package", mixinStandardHelpOptions = true,
    description = "Measure and describe a trained checkpoint for the zoo, and print its entry for the zoo's index.")
final class PackageCommand extends BaseCommand {
  private static final Logger LOG = LogManager.getLogger(PackageCommand.class);
  private static final long NOISE_SEED = 1;
  private static final int FLOW_WINDOWS = 64;

  @Option(names = "--from", required = true, paramLabel = "DIR", description = "Checkpoint folder, such as the best/ of a run.")
  private Path from;

  @Option(names = "--id", required = true, description = "Its id in the zoo, such as text8-mixd.")
  private String id;

  @Option(names = "--weights-version", defaultValue = "1")
  private String version;

  @Option(names = "--description", required = true)
  private String description;

  @Option(names = "--license", required = true, description = "SPDX name of the weights' licence.")
  private String license;

  @Option(names = "--corpus", required = true, description = "One line on what it was trained on.")
  private String corpus;

  @Option(names = "--measure", paramLabel = "NAME=FILE", description = {
      "Score this text; the first score goes into the index.", "If none is given, the checkpoint's measurements stay."})
  private Map<String, String> measure = new LinkedHashMap<>();

  @Option(names = "--fact", paramLabel = "KEY=TEXT", description = "A fact about its training for the model card.")
  private Map<String, String> facts = new LinkedHashMap<>();

  @Option(names = "--notes", paramLabel = "FILE", description = "Markdown for the end of the model card.")
  private Path notes;

  @Option(names = "--curves", paramLabel = "FILE", description = {
      "Log of the run, for the curves on the model card.", "Default: the progress.jsonl beside --from, if there is one."})
  private Path curves;

  @Option(names = "--ngrams", paramLabel = "FILE", description = "N-grams for parallel decoding, from tarflowlm ngrams; default: "
      + "those of --from, if it has any.")
  private Path ngrams;

  @Option(names = "--dtype", defaultValue = "F32", description = "Type of the stored weights: F32, or F16 or BF16 at half the size; "
      + "default ${DEFAULT-VALUE}.")
  private DType dtype;

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "Folder to create.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    require(dtype == DType.F32 || dtype == DType.F16 || dtype == DType.BF16, "--dtype is " + dtype + "; expected F32, F16 or BF16");
    Checkpoint trained = Checkpoint.load(from).rounded(dtype);
    String flows = flows(trained);
    byte[] drawn = drawCurves();
    Map<String, String> training = new LinkedHashMap<>(trained.info().training());
    training.putAll(facts);
    CheckpointInfo info = trained.info()
        .withName(id, version, description)
        .withOrigin(license, corpus)
        .withMeasurements(measurements(trained))
        .withTraining(training);
    String card = new Checkpoint(trained.config(), info, trained.tensors(), null).card();
    if (drawn != null) {
      card = card + "\n![Bits per token during training](" + Checkpoint.CURVES + ")\n";
    }
    if (flows != null) {
      card = card + "\n## What each flow does\n\n" + flows;
    }
    if (notes != null) {
      card = card + "\n" + Files.readString(notes);
    }
    Checkpoint described = trained.withInfo(info, card);
    (ngrams == null ? described : described.withNGrams(Files.readAllBytes(ngrams))).save(out, dtype, false);
    if (drawn != null) {
      AtomicFile.writeFile(out.resolve(Checkpoint.CURVES), file -> Files.write(file, drawn));
    }
    out().println(ZooEntry.describe(out).toJson().stripTrailing());
    return 0;
  }

  /** The curves, or null if there is no log. */
  private byte[] drawCurves() throws IOException {
    Path log = curves != null ? curves : from.toAbsolutePath().resolveSibling(RunCurves.LOG);
    return curves == null && !Files.exists(log) ? null : RunCurves.png(log);
  }

  /** Table of flows for the first measured text; null if there is no text or the model is discrete. */
  private String flows(Checkpoint checkpoint) throws IOException {
    if (measure.isEmpty() || !checkpoint.config().isFlow()) {
      return null;
    }
    Map.Entry<String, String> first = measure.entrySet().iterator().next();
    try (TarFlowLM model = TarFlowLM.of(checkpoint);
        TokenSequence text = Corpora.fromEnvironment().open(first.getValue(), model.tokenizer())) {
      return "On " + first.getKey() + ":\n\n" + FlowTable.markdown(FlowTable.account(model, text, FLOW_WINDOWS, NOISE_SEED),
          checkpoint.config());
    }
  }

  private List<Measurement> measurements(Checkpoint checkpoint) throws IOException {
    if (measure.isEmpty()) {
      return checkpoint.info().measurements();
    }
    List<Measurement> result = new ArrayList<>();
    try (TarFlowLM model = TarFlowLM.of(checkpoint)) {
      for (Map.Entry<String, String> each : measure.entrySet()) {
        try (TokenSequence text = Corpora.fromEnvironment().open(each.getValue(), model.tokenizer())) {
          Score score = model.score(text, ScoringOptions.defaults().withSeed(NOISE_SEED));
          LOG.info("{}: {} bits per character", each.getKey(), score.bitsPerCharacter());
          Double error = Double.isNaN(score.standardError()) ? null : score.standardError();
          result.add(new Measurement(each.getKey(), score.bound().name(), score.bitsPerCharacter(), error, score.characters()));
        }
      }
    }
    return result;
  }
}
