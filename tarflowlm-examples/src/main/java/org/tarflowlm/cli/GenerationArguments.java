package org.tarflowlm.cli;

import java.util.List;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.generate.GenerationOptions;
import org.tarflowlm.generate.parallel.Decoding;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Options of a generation, under their usual names; the checkpoint's defaults apply to options that are not given. */
final class GenerationArguments {
  @Option(names = {"--tokens", "--max-new-tokens"}, paramLabel = "N", description = "Tokens to generate.")
  private Integer tokens;

  @Option(names = "--temperature", paramLabel = "T",
      description = "Divides a discrete model's logits and the logits of a Mix-d flow's weights; above 0.")
  private Double temperature;

  @Option(names = "--noise-temperature", paramLabel = "T", description = "Standard deviation of a flow model's base noise; above 0.")
  private Double noiseTemperature;

  @Option(names = "--top-k", paramLabel = "K", description = "Choose among the K most probable tokens (components of Mix-d flows); 0: all.")
  private Integer topK;

  @Option(names = "--top-p", paramLabel = "P", description = "Choose among the most probable tokens whose probabilities sum to P.")
  private Double topP;

  @Option(names = "--min-p", paramLabel = "P", description = "Exclude tokens (components of Mix-d flows) less probable than this "
      + "fraction of the most probable one; 0, the default: none.")
  private Double minP;

  @Option(names = "--repetition-penalty", paramLabel = "X", description = "Divides (if negative, multiplies) the logits of tokens that the "
      + "text already contains; discrete models only; default 1.")
  private Double repetitionPenalty;

  @Option(names = "--greedy", description = "Take the most probable token at every step; discrete models only.")
  private boolean greedy;

  @Option(names = "--eos-token-id", arity = "0..1", fallbackValue = "-1", paramLabel = "ID",
      description = "End a text with this token; without ID, with the tokenizer's own, if it has one.")
  private Integer eosTokenId;

  @Option(names = "--seed", paramLabel = "S", description = "Same seed, same text.")
  private Long seed;

  @Option(names = {"--stop", "--stop-strings"}, paramLabel = "TEXT", description = "End with this text; may be given more than once.")
  private List<String> stopStrings;

  @Option(names = {"--batch-size", "--num-return-sequences"}, paramLabel = "N", description = "Texts to generate; default 1.")
  private Integer batchSize;

  @Option(names = "--refinements", paramLabel = "N",
      description = "Metropolis steps that refine a continuation or filling that is not exact; default 0.")
  private Integer refinements;

  @Option(names = "--decoding", paramLabel = "WAY",
      description = "${COMPLETION-CANDIDATES}: how a flow model's positions are computed; changes speed only; default AUTO.")
  private Decoding decoding;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  /**
   * Applies the given options to a model's defaults.
   *
   * @throws ParameterException if a value is invalid, or the tokenizer has no end-of-text token
   */
  GenerationOptions over(TarFlowLM model) {
    GenerationOptions options = over(model.generationOptions());
    if (eosTokenId != null && eosTokenId < 0) {
      options = options.withEosTokenId(model.tokenizer().endOfText().orElseThrow(() -> new ParameterException(spec.commandLine(),
          "--eos-token-id: the tokenizer " + model.tokenizer().name() + " has no end-of-text token; expected an ID")));
    }
    return options;
  }

  /**
   * Applies the given options to defaults.
   *
   * @throws ParameterException if a value is invalid
   */
  GenerationOptions over(GenerationOptions defaults) {
    try {
      GenerationOptions options = defaults;
      options = tokens == null ? options : options.withMaxNewTokens(tokens);
      options = temperature == null ? options : options.withTemperature(temperature);
      options = noiseTemperature == null ? options : options.withNoiseTemperature(noiseTemperature);
      options = topK == null ? options : options.withTopK(topK);
      options = topP == null ? options : options.withTopP(topP);
      options = minP == null ? options : options.withMinP(minP);
      options = repetitionPenalty == null ? options : options.withRepetitionPenalty(repetitionPenalty);
      options = greedy ? options.withDoSample(false) : options;
      options = eosTokenId == null ? options : options.withEosTokenId(eosTokenId);
      options = seed == null ? options : options.withSeed(seed);
      options = stopStrings == null ? options : options.withStopStrings(stopStrings);
      options = batchSize == null ? options : options.withBatchSize(batchSize);
      options = decoding == null ? options : options.withDecoding(decoding);
      return refinements == null ? options : options.withRefinements(refinements);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), asOption(e.getMessage()), e);
    }
  }

  /** Replaces the Java name that begins a message, such as maxNewTokens, with the option --max-new-tokens. */
  static String asOption(String message) {
    int end = message.indexOf(' ');
    return "--" + message.substring(0, end).replaceAll("([A-Z])", "-$1").toLowerCase() + message.substring(end);
  }
}
