package org.tarflowlm.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.tarflowlm.Score;
import org.tarflowlm.ScoringOptions;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.command.Json;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.AtomicFile;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.eval.FlowAccount;
import org.tarflowlm.eval.LikelihoodEstimate.Bound;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Scores a text: its likelihood under a model. */
@Command(name = "score", mixinStandardHelpOptions = true,
    description = "Compute how many bits per character a model needs for a text.")
final class ScoreCommand extends BaseCommand {
  private static final int FLOW_WINDOWS = 64;

  @Option(names = "--input", required = true, paramLabel = "FILE",
      description = "The text: plain, .gz, .bz2, .xz, .zip (archive.zip#member), a folder or archive of documents, .jsonl or "
          + ".tokens; or a part of a corpus, such as text8:test (see tarflowlm data list).")
  private String input;

  @Mixin
  private ModelOption model;

  @Mixin
  private DocumentArguments documents;

  @Option(names = "--max-chars", paramLabel = "N", description = "Score only the first N characters (bytes for models of bytes).")
  private long maxCharacters = Long.MAX_VALUE;

  @Option(names = "--seed", paramLabel = "S", description = "Seed of the encoder's noise; default 1.")
  private long seed = 1;

  @Option(names = "--samples", paramLabel = "K",
      description = "Samples of the encoder's noise: 1, the default, for the ELBO; more for the tighter importance-weighted bound IW-K.")
  private int samples = 1;

  @Option(names = "--by-flow", description = "Also show what each flow does to the text, on 64 windows spread evenly over it: see "
      + "tarflowlm flows.")
  private boolean byFlow;

  @Option(names = "--stride", paramLabel = "N", description = "Carry context along: windows begin N tokens apart, and each counts its N "
      + "new tokens given those before. Default: windows without shared context. For a flow model the result is a difference of bounds.")
  private Integer stride;

  @Option(names = "--html", paramLabel = "FILE", description = "Also write a page that shows the text with the bits of each token as "
      + "colour; at most 200,000 characters.")
  private Path html;

  @Option(names = "--json", description = "Print one JSON object: model, bound, bitsPerCharacter, standardError (null with a single "
      + "window), characters, seconds (of scoring, without loading the model), with --by-flow also levels.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    require(html == null || samples <= 1 && stride == null,
        "--html shows one sample of the noise, in windows without shared context; expected neither --samples nor --stride");
    requireAtLeast("--max-chars", maxCharacters, 1);
    requireAtLeast("--samples", samples, 1);
    requireAtLeast("--stride", stride == null ? 1 : stride, 1);
    try (TarFlowLM loaded = model.load(); TokenSequence tokens = documents.corpora().open(input, loaded.tokenizer())) {
      if (tokens.length() == 0) {
        throw new DataException(input + " is empty; expected a text");
      }
      if (html != null && Math.min(tokens.length(), maxCharacters) > ScoreHtml.MOST) {
        throw new DataException(input + " has " + tokens.length() + " tokens; expected at most " + ScoreHtml.MOST
            + " for --html: see --max-chars");
      }
      long begin = System.nanoTime();
      Score score = loaded.score(tokens,
          new ScoringOptions(seed, samples, maxCharacters, stride == null ? 0 : stride, html != null));
      double seconds = (System.nanoTime() - begin) / 1e9;
      if (html != null) {
        AtomicFile.write(html, ScoreHtml.page(score, input));
      }
      FlowAccount account = byFlow
          ? FlowTable.account(loaded, tokens.slice(0, Math.min(tokens.length(), score.tokens())), FLOW_WINDOWS, seed) : null;
      out().println(json ? json(score, seconds, account) : text(score, input, seconds));
      if (byFlow && !json) {
        out().printf("%n%s", FlowTable.markdown(account, loaded.config()));
      }
    }
    return 0;
  }

  /** The score in words, with its bound, its error and what it was measured on. */
  static String text(Score score, String source, double seconds) {
    String error = Double.isNaN(score.standardError()) ? "" : String.format(", standard error %.4f", score.standardError());
    boolean exact = score.bound().equals(Bound.EXACT);
    String bound = exact ? "exact"
        : score.bound().isUpper() ? score.bound() + ", an upper bound" : score.bound() + " of bounds, not a bound";
    return String.format("%s%.4f bits per character (%s)%s%s%n"
        + "%,d characters of %s in %.1f s, model %s",
        exact || !score.bound().isUpper() ? "" : "at most ", score.bitsPerCharacter(), bound, error,
        Double.isFinite(score.perplexity()) ? String.format(", perplexity per token %.3f", score.perplexity()) : "",
        score.characters(), source, seconds, score.model());
  }

  private String json(Score score, double seconds, FlowAccount account) {
    Map<String, Object> result = Json.object("model", score.model(), "bound", score.bound().name(),
        "bitsPerCharacter", score.bitsPerCharacter(), "standardError", Double.isNaN(score.standardError()) ? null : score.standardError(),
        "characters", score.characters(), "seconds", seconds);
    if (account != null) {
      result.put("levels", account.levels());
    }
    if (stride != null) {
      result.put("stride", stride);
    }
    return Json.of(result);
  }
}
