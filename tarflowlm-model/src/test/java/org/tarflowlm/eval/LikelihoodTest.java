package org.tarflowlm.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.TestModels;
import org.tarflowlm.config.TarFlowConfig;
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
}
