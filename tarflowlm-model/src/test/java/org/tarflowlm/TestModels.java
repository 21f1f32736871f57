package org.tarflowlm;

import java.util.List;
import java.util.Random;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.ChannelDirection;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;

/** Tiny models and texts for tests. */
public final class TestModels {
  public static final int VOCAB = 5;
  public static final int TOKENS = 8;

  private TestModels() {}

  /** A stack of the given flows: 5 tokens, latents of 2 numbers, width 12, 3 heads. */
  public static TarFlowConfig stack(int patch, FlowSpec... flows) {
    return new TarFlowConfig(ModelType.TARFLOW, VOCAB, TOKENS, 2, 12, 3, patch, null, List.of(flows), null, null, 16, null);
  }

  /** Every coupling in both directions. */
  public static TarFlowConfig everyCoupling(int patch) {
    return stack(patch,
        FlowSpec.tiedMixD(1, VOCAB, Direction.LEFT_TO_RIGHT),
        FlowSpec.mix1(1, 3, Direction.RIGHT_TO_LEFT),
        FlowSpec.affine(1, Direction.LEFT_TO_RIGHT),
        FlowSpec.mixD(1, 4, Direction.RIGHT_TO_LEFT),
        FlowSpec.mix1(2, 2, Direction.LEFT_TO_RIGHT));
  }

  /** A shallow flow from right to left, then a trunk with in-token flows whose heads have two hidden layers. */
  public static TarFlowConfig trunk(int patch) {
    List<FlowSpec> flows = List.of(
        FlowSpec.affine(1, Direction.RIGHT_TO_LEFT).withChannelDirection(ChannelDirection.DESCENDING),
        FlowSpec.affine(2, Direction.LEFT_TO_RIGHT),
        FlowSpec.affine(0, Direction.LEFT_TO_RIGHT).withChannelDirection(ChannelDirection.DESCENDING),
        FlowSpec.mix1(0, 2, Direction.LEFT_TO_RIGHT));
    return new TarFlowConfig(ModelType.TARFLOW, VOCAB, TOKENS, 2, 12, 3, patch, null, flows, null, null, 16, null, 2, null);
  }

  /**
   * A flow reads the second channel of each token from right to left, given the first channels; another reads the first from left to right.
   */
  public static TarFlowConfig coarseToFine() {
    return stack(1, FlowSpec.tiedMixD(1, VOCAB, Direction.RIGHT_TO_LEFT).onChannels(1, 2, 3),
        FlowSpec.tiedMixD(1, VOCAB, Direction.LEFT_TO_RIGHT).onChannels(0, 1, 0));
  }

  /** INT [batch, tokens]. */
  public static INDArray ids(long seed, int batch, int tokens) {
    Random random = new Random(seed);
    int[] ids = random.ints((long) batch * tokens, 0, VOCAB).toArray();
    return Nd4j.createFromArray(ids).reshape(batch, tokens);
  }

  /** A text in which the last token usually decides the next, so that a model can learn something. INT [batch, tokens]. */
  public static INDArray pattern(long seed, int batch, int tokens) {
    Random random = new Random(seed);
    int[] ids = new int[batch * tokens];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = i % tokens == 0 || random.nextInt(10) == 0 ? random.nextInt(VOCAB) : (ids[i - 1] + 2) % VOCAB;
    }
    return Nd4j.createFromArray(ids).reshape(batch, tokens);
  }

  /** The same model, in which tokens of a patch depend on earlier ones. */
  public static TarFlowConfig withPatchHead(TarFlowConfig config) {
    return TarFlowConfig.fromJson(config.toJson().replaceAll("\"patchHidden\" : \\d+", "\"patchHidden\" : 5"));
  }
}
