package org.tarflowlm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.checkpoint.CheckpointInfo;
import org.tarflowlm.checkpoint.CheckpointNetworks;
import org.tarflowlm.checkpoint.Fixtures;
import org.tarflowlm.data.tokenize.Bytes;
import org.tarflowlm.data.tokenize.Gpt2Bpe;
import org.tarflowlm.data.tokenize.SharedTokens;
import org.tarflowlm.data.tokenize.Text8Alphabet;
import org.tarflowlm.nn.FineTuning;
import org.tarflowlm.nn.TarFlowNetwork;

class SharedTokensTest {
  @Test
  void lettersAreBytes() {
    int[] shared = SharedTokens.between(new Text8Alphabet(), new Bytes());
    assertEquals(256, shared.length);
    for (char letter : "abcxyz ".toCharArray()) {
      assertArrayEquals(new Text8Alphabet().encode(String.valueOf(letter)), new int[] {shared[letter]});
    }
    assertEquals(27, Arrays.stream(shared).filter(old -> old >= 0).count());
    assertEquals(-1, shared['A']);
  }

  @Test
  void everyByteIsATokenOfGpt2() {
    int[] shared = SharedTokens.between(new Gpt2Bpe(), new Bytes());
    assertTrue(Arrays.stream(shared).allMatch(old -> old >= 0));
    assertEquals(256, Arrays.stream(shared).distinct().count());
  }

  /** Letters keep their codes, so a model of bytes can start from a model of characters. */
  @Test
  void aModelOfLettersBecomesOneOfBytes() {
    Checkpoint letters = Fixtures.tiny();
    ComputationGraph network = FineTuning.of(CheckpointNetworks.network(letters))
        .vocabulary(SharedTokens.between(new Text8Alphabet(), new Bytes())).build();
    Checkpoint bytes = CheckpointNetworks.checkpoint(network, CheckpointInfo.of("bytes"), null);
    assertEquals(256, bytes.config().vocabSize());
    try (TarFlowLM model = TarFlowLM.of(bytes)) {
      assertTrue(Double.isFinite(model.score("Call me Ishmael.").bitsPerCharacter()));
    }
    try (INDArray old = TarFlowNetwork.parameters(CheckpointNetworks.network(letters)).get("codebook.mean").getRow(1).dup();
        INDArray now = TarFlowNetwork.parameters(network).get("codebook.mean").getRow('a').dup()) {
      assertEquals(old, now);
    }
  }
}
