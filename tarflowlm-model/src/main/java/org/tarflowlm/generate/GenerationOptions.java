package org.tarflowlm.generate;

import java.io.Serializable;
import java.util.List;
import org.tarflowlm.flow.Sampling;
import org.tarflowlm.generate.parallel.Decoding;
import org.tarflowlm.json.Records;

/**
 * How to generate. Names and meanings are Hugging Face's where it has the option. The constructor checks every value, and throws
 * {@link IllegalArgumentException} if one is out of range.
 *
 * @param maxNewTokens tokens to generate, 1 to 2^24
 * @param temperature above 0; divides the logits of a discrete model. In a flow model it divides the logits of the mixture weights of a
 *     Mix-d flow, whose components stand for tokens, and of a Mix-1 flow that comes first
 * @param noiseTemperature above 0; standard deviation of the base noise u of a flow model. Scaling the noise pulls every scalar
 *     towards the median of its mixture, which stands for no particular token. For Mix-d models prefer {@code temperature}
 * @param topK keeps that many of the most probable tokens (mixture components of a Mix-d flow); 0 keeps all
 * @param topP keeps the smallest set of most probable tokens with at least this probability, in (0, 1]; 1 keeps all
 * @param minP removes tokens (components) less probable than this share of the most probable one, in [0, 1]; 0 keeps all
 * @param repetitionPenalty above 0; 1 for none. Applies to each token already in the prompt or the text: divides its logit if positive,
 *     multiplies it if negative. Discrete models only: a flow draws points, and decodes them after the last flow
 * @param doSample false for greedy decoding: the most probable token at every step, whatever the seed. Discrete models only: a density has
 *     no most probable token; {@code topK} 1 takes a Mix-d flow's most probable component
 * @param eosTokenId token that ends a sequence and is not part of its text; {@link #NO_EOS} for none. See
 *     {@link org.tarflowlm.data.tokenize.Tokenizer#endOfText()}
 * @param seed seeds all randomness; equal options give equal text
 * @param stopStrings a sequence ends with the first of these that it contains; its text keeps the stop string
 * @param batchSize sequences to generate, 1 to 2^16
 * @param showFlows whether to decode every level of a flow model's stack as well
 * @param refinements Metropolis steps that refine an approximate conditional sample of a flow model; 0 for none, at most 2^20 (see
 *     {@link SpanSampler})
 * @param decoding how to compute the positions; changes the speed, not the text. Null for {@link Decoding#AUTO}
 */
public record GenerationOptions(
    int maxNewTokens,
    double temperature,
    double noiseTemperature,
    int topK,
    double topP,
    double minP,
    double repetitionPenalty,
    boolean doSample,
    int eosTokenId,
    long seed,
    List<String> stopStrings,
    int batchSize,
    int refinements,
    boolean showFlows,
    Decoding decoding) implements Serializable {
  /** The {@code eosTokenId} if no token ends a text. */
  public static final int NO_EOS = -1;

  public GenerationOptions {
    requireWithin("maxNewTokens", maxNewTokens, 1, 1 << 24);
    new Sampling(temperature, noiseTemperature, topK, topP, minP); // checks the five
    if (!(repetitionPenalty > 0) || Double.isInfinite(repetitionPenalty)) {
      throw new IllegalArgumentException("repetitionPenalty is " + repetitionPenalty + "; expected a positive number");
    }
    requireWithin("eosTokenId", eosTokenId, NO_EOS, Integer.MAX_VALUE);
    stopStrings = stopStrings == null ? List.of() : List.copyOf(stopStrings);
    if (stopStrings.contains("")) {
      throw new IllegalArgumentException("stopStrings holds an empty string; expected at least one character");
    }
    requireWithin("batchSize", batchSize, 1, 1 << 16);
    requireWithin("refinements", refinements, 0, 1 << 20);
    decoding = decoding == null ? Decoding.AUTO : decoding;
  }

  /** One sequence of 200 tokens, drawn from the model's own distributions, with seed 1. */
  public static GenerationOptions defaults() {
    return new GenerationOptions(200, 1.0, 1.0, 0, 1.0, 0, 1, true, NO_EOS, 1L, List.of(), 1, 0, false, Decoding.AUTO);
  }

  public GenerationOptions withMaxNewTokens(int value) {
    return Records.with(this, "maxNewTokens", value);
  }

  public GenerationOptions withTemperature(double value) {
    return Records.with(this, "temperature", value);
  }

  public GenerationOptions withNoiseTemperature(double value) {
    return Records.with(this, "noiseTemperature", value);
  }

  public GenerationOptions withTopK(int value) {
    return Records.with(this, "topK", value);
  }

  public GenerationOptions withTopP(double value) {
    return Records.with(this, "topP", value);
  }

  public GenerationOptions withMinP(double value) {
    return Records.with(this, "minP", value);
  }

  public GenerationOptions withRepetitionPenalty(double value) {
    return Records.with(this, "repetitionPenalty", value);
  }

  public GenerationOptions withDoSample(boolean value) {
    return Records.with(this, "doSample", value);
  }

  public GenerationOptions withEosTokenId(int value) {
    return Records.with(this, "eosTokenId", value);
  }

  public GenerationOptions withSeed(long value) {
    return Records.with(this, "seed", value);
  }

  public GenerationOptions withStopStrings(List<String> value) {
    return Records.with(this, "stopStrings", value);
  }

  public GenerationOptions withBatchSize(int value) {
    return Records.with(this, "batchSize", value);
  }

  public GenerationOptions withRefinements(int value) {
    return Records.with(this, "refinements", value);
  }

  public GenerationOptions withShowFlows(boolean value) {
    return Records.with(this, "showFlows", value);
  }

  public GenerationOptions withDecoding(Decoding value) {
    return Records.with(this, "decoding", value);
  }

  /** The numbers that reshape a model's distributions. */
  public Sampling sampling() {
    return new Sampling(temperature, noiseTemperature, topK, topP, minP);
  }

  private static void requireWithin(String name, int value, int least, int most) {
    if (value < least) {
      throw new IllegalArgumentException(name + " is " + value + "; expected at least " + least);
    } else if (value > most) {
      throw new IllegalArgumentException(name + " is " + value + "; expected at most " + most);
    }
  }
}
