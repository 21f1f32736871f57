package org.tarflowlm.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.TestModels;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.tokens.TokenArray;
import org.tarflowlm.eval.LikelihoodEstimate.Bound;
import org.tarflowlm.nn.EncoderNoise;
import org.tarflowlm.nn.OptimizerSpec;
import org.tarflowlm.nn.TarFlowLayer;
import org.tarflowlm.nn.TarFlowNetwork;

class LikelihoodTest {
  private static final long SEED = 5;
  private static final int WINDOWS = 3;

  private static TarFlowLayer layer(TarFlowConfig config) {
    return TarFlowNetwork.layer(TarFlowNetwork.create(config, OptimizerSpec.defaults(), 1, 2));
  }

  private static int[] text() {
    return TestModels.ids(1, WINDOWS, TestModels.TOKENS).data().asInt();
  }

  @Test
  void severalSamplesAreAveragedUnderTheLogarithmOfEachWindow() {
    int samples = 4;
    TarFlowLayer layer = layer(TestModels.everyCoupling(1));
    INDArray ids = TestModels.ids(1, WINDOWS, TestModels.TOKENS);
    double[] means = new double[WINDOWS];
    for (int draw = 0; draw < samples; draw++) {
      INDArray elbos = layer.logLikelihood(ids, EncoderNoise.draw(SEED, draw, DataType.FLOAT, WINDOWS, TestModels.TOKENS, 2));
      for (int window = 0; window < WINDOWS; window++) {
        means[window] += Math.exp(elbos.getDouble(window)) / samples;
      }
    }
    double nats = 0;
    for (double mean : means) {
      nats -= Math.log(mean);
    }
    LikelihoodEstimate found = new Likelihood(layer, SEED, samples).of(text());
    assertEquals(nats, found.nats(), 1e-5 * nats);
    assertEquals("IW-4", found.bound().toString());
    assertEquals(WINDOWS * TestModels.TOKENS, found.tokens());
    assertTrue(found.standardErrorNats() > 0);
  }

  @Test
  void oneSampleIsTheElboAndTheBoundTightensWithMore() {
    TarFlowLayer layer = layer(TestModels.everyCoupling(2));
    LikelihoodEstimate elbo = new Likelihood(layer, SEED).of(text());
    assertEquals(elbo, new Likelihood(layer, SEED, 1).of(text()));
    assertEquals(Bound.ELBO, elbo.bound());
    double few = 0;
    int repeats = 8;
    for (int seed = 0; seed < repeats; seed++) {
      few += new Likelihood(layer, seed).of(text()).nats() / repeats;
    }
    assertTrue(new Likelihood(layer, SEED, 32).of(text()).nats() < few);
  }

  @Test
  void aDiscreteModelIsExactWithAnyNumberOfSamples() {
    TarFlowLayer layer = layer(TestModels.everyCoupling(1).autoregressiveTwin());
    LikelihoodEstimate found = new Likelihood(layer, SEED, 7).of(text());
    assertEquals(Bound.EXACT, found.bound());
    assertEquals(new Likelihood(layer, 1).of(text()), found);
  }

  @Test
  void boundsAreTheirNamesInJson() throws JsonProcessingException {
    ObjectMapper json = new ObjectMapper();
    assertEquals("[\"ELBO\",\"EXACT\",\"IW-64\"]",
        json.writeValueAsString(new Bound[] {Bound.ELBO, Bound.EXACT, Bound.importanceWeighted(64)}));
    assertThrows(IllegalArgumentException.class, () -> new Likelihood(layer(TestModels.everyCoupling(1)), SEED, 0));
  }

  /** The layer itself scores window after window, with and without its new tokens. */
  private static double slidingByDefinition(TarFlowLayer layer, int[] text, int stride) {
    int length = layer.model().contextLength();
    double nats = -logLikelihood(layer, Arrays.copyOf(text, length), noise(layer, 0, length));
    for (int end = length; end < text.length; end = Math.min(end + stride, text.length)) {
      int fresh = Math.min(stride, text.length - end);
      int begin = end + fresh - length;
      int[] window = Arrays.copyOfRange(text, begin, begin + length);
      nats -= logLikelihood(layer, window, noise(layer, begin, length))
          - logLikelihood(layer, Arrays.copyOf(window, length - fresh), noise(layer, begin, length - fresh));
    }
    return nats;
  }

  private static double logLikelihood(TarFlowLayer layer, int[] ids, INDArray noise) {
    return layer.logLikelihood(Nd4j.createFromArray(ids).reshape(1, ids.length), noise).getDouble(0);
  }

  /** Scores the tokens that begin at a place of the text. */
  private static INDArray noise(TarFlowLayer layer, int begin, int positions) {
    int d = layer.model().latentDim();
    return EncoderNoise.part(SEED, 0, (long) begin * d, DataType.FLOAT, 1, positions, d);
  }

  @Test
  void withAStrideEachWindowCountsItsNewTokensGivenThoseBefore() {
    for (TarFlowConfig config : List.of(TestModels.everyCoupling(1), TestModels.everyCoupling(2),
        TestModels.everyCoupling(1).autoregressiveTwin())) {
      TarFlowLayer layer = layer(config);
      int[] text = Arrays.copyOf(text(), text().length - 2);
      for (int stride : new int[] {2, 4, TestModels.TOKENS - (config.model() == ModelType.TARFLOW ? config.patchSize() : 1)}) {
        LikelihoodEstimate found = new Likelihood(layer, SEED).withStride(new TokenArray(text, config.vocabSize()), stride);
        double expected = slidingByDefinition(layer, text, stride);
        assertEquals(expected, found.nats(), 1e-5 * Math.abs(expected), config + " " + stride);
        assertEquals(text.length, found.tokens());
        assertEquals(config.model() == ModelType.AUTOREGRESSIVE ? "EXACT" : "ELBO-DIFFERENCE", found.bound().toString());
      }
      TokenArray shorter = new TokenArray(Arrays.copyOf(text, TestModels.TOKENS), config.vocabSize());
      assertEquals(new Likelihood(layer, SEED).of(shorter), new Likelihood(layer, SEED).withStride(shorter, 2), "one window alone");
      assertThrows(IllegalArgumentException.class, () -> new Likelihood(layer, SEED).withStride(shorter, TestModels.TOKENS + 2));
    }
  }

  /** Scores a discrete model's text by definition: each token given the stride's context, as a difference of whole prefixes. */
  @Test
  void aStrideOfOneIsTheSumOverTokens() {
    TarFlowLayer layer = layer(TestModels.everyCoupling(1).autoregressiveTwin());
    int[] text = text();
    double nats = 0;
    for (int t = 0; t < text.length; t++) {
      int[] upTo = Arrays.copyOfRange(text, Math.max(0, t + 1 - TestModels.TOKENS), t + 1);
      nats += new Likelihood(layer, SEED).of(upTo).nats();
      nats -= upTo.length == 1 ? 0 : new Likelihood(layer, SEED).of(Arrays.copyOf(upTo, upTo.length - 1)).nats();
    }
    double found = new Likelihood(layer, SEED).withStride(new TokenArray(text, layer.model().vocabSize()), 1).nats();
    assertEquals(nats, found, 1e-5 * nats);
  }
}
