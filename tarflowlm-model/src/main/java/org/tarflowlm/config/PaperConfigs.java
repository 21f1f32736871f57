package org.tarflowlm.config;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.tarflowlm.config.CodebookSpec.Layout;
import org.tarflowlm.config.CodebookSpec.SigmaMode;
import org.tarflowlm.config.InitSpec.Positions;

/**
 * The paper's configurations (section 4 and its appendix) and small ones of the same structure that train on a CPU.
 *
 * <table>
 * <caption>Flows, in the order data to noise; transformer layers of each in brackets at PAPER size</caption>
 * <tr><th>variant</th><th>text8, enwik8</th><th>OpenWebText</th></tr>
 * <tr><td>AFFINE</td><td>6 affine [2, 2, 2, 2, 2, 2]</td><td>the same</td></tr>
 * <tr><td>MIX_1</td><td>3 mixture-CDF [2, 2, 8], K = 27</td><td>K = 64</td></tr>
 * <tr><td>MIX_D</td><td>tied mixture-Rosenblatt, K = V, then two mixture-CDF, K = 2 [8, 2, 2]</td><td>K = 50257, then 64, 64</td></tr>
 * <tr><td>AUTOREGRESSIVE</td><td>the sum: 12 layers</td><td>the same</td></tr>
 * </table>
 * Directions alternate and begin left to right. Where the paper does not say, we chose: the split [8, 2, 2] of Mix-d, since its first
 * flow reads tokens as a language model does and is trained first; a context of 256 for text8 and enwik8; everything about enwik8; and
 * position embeddings that start as sinusoids. Below PAPER size the codebook of affine and Mix-1 models starts on a grid. Mix-1's sigma
 * is then fixed at an eighth of the distance between neighbours. Both choices speed up training on small budgets.
 */
public final class PaperConfigs {
  private static final int OPENWEBTEXT_CONTEXT = 1024;
  /** Two levels at distance 2, which one Gaussian per channel fits well enough. */
  private static final CodebookSpec SMALL_AFFINE = new CodebookSpec(0.45, SigmaMode.SHARED, null, 1.0, Layout.GRID, null, null);
  private static final CodebookSpec SMALL_MIX_1 = new CodebookSpec(0.75, SigmaMode.FIXED, null, 3.0, Layout.GRID, null, null);

  private PaperConfigs() {}

  /** The configuration of a variant at a given size for a given data set. */
  public static TarFlowConfig of(TextFormat format, Variant variant, ModelSize size) {
    boolean paper = size == ModelSize.PAPER;
    int context = paper && format == TextFormat.OPENWEBTEXT ? OPENWEBTEXT_CONTEXT : size.contextLength();
    ModelType model = variant == Variant.AUTOREGRESSIVE ? ModelType.AUTOREGRESSIVE : ModelType.TARFLOW;
    return new TarFlowConfig(model, format.vocabSize(), context, format.latentDim(), size.width(), size.heads(), 1, false,
        flows(format, variant, size), codebook(variant, size), null, null, new InitSpec(null, null, null, Positions.SINUSOIDAL, null));
  }

  /**
   * Whether a model of any size has the same form as the paper's model of its kind, so that the two can be compared. That means the paper's
   * number of flows and proportions of layers, alternating directions, one token per position, a codebook without a given order, and Mix-d
   * trained flow by flow.
   *
   * @param progressive whether the model was trained flow by flow
   */
  public static boolean hasForm(TarFlowConfig config, boolean progressive) {
    if (!config.isFlow()) {
      return true;
    }
    List<FlowSpec> flows = config.flows();
    boolean alternates = IntStream.range(1, flows.size()).allMatch(l -> flows.get(l).direction() != flows.get(l - 1).direction());
    boolean ascends = flows.stream().allMatch(flow -> flow.channelDirection() == ChannelDirection.ASCENDING);
    if (!alternates || !ascends || config.hasPartialFlows() || config.patchSize() != 1 || config.codebook().layout() != Layout.NORMAL) {
      return false;
    }
    return switch (flows.get(0).coupling()) {
      case AFFINE -> !progressive && flows.size() == 6 && flows.stream().allMatch(flow ->
          flow.coupling() == Coupling.AFFINE && flow.layers() == flows.get(0).layers());
      case MIX_1 -> !progressive && flows.size() == 3 && flows.stream().allMatch(flow -> flow.coupling() == Coupling.MIX_1
          && flow.mixtures() == flows.get(0).mixtures()) && flows.get(1).layers() == flows.get(0).layers()
          && flows.get(2).layers() == 4 * flows.get(0).layers();
      case MIX_D -> progressive && flows.size() == 3 && flows.get(0).tied()
          && flows.subList(1, 3).stream().allMatch(flow -> flow.coupling() == Coupling.MIX_1);
      case AFFINE_D -> false;
    };
  }

  private static CodebookSpec codebook(Variant variant, ModelSize size) {
    return switch (size == ModelSize.PAPER ? Variant.MIX_D : variant) {
      case AFFINE -> SMALL_AFFINE;
      case MIX_1 -> SMALL_MIX_1;
      case MIX_D, AUTOREGRESSIVE -> CodebookSpec.defaults();
    };
  }

  private static List<FlowSpec> flows(TextFormat format, Variant variant, ModelSize size) {
    boolean openWebText = format == TextFormat.OPENWEBTEXT;
    int[] layers = split(variant, size.layers());
    List<FlowSpec> flows = new ArrayList<>();
    Direction direction = Direction.LEFT_TO_RIGHT;
    for (int l = 0; l < layers.length; l++) {
      flows.add(switch (variant) {
        case AFFINE -> FlowSpec.affine(layers[l], direction);
        case MIX_1 -> FlowSpec.mix1(layers[l], openWebText ? 64 : 27, direction);
        case MIX_D, AUTOREGRESSIVE -> l == 0
            ? FlowSpec.tiedMixD(layers[l], format.vocabSize(), direction)
            : FlowSpec.mix1(layers[l], openWebText ? 64 : 2, direction);
      });
      direction = direction.opposite();
    }
    return flows;
  }

  /** Layers of each flow: the paper's split of its 12 layers; of fewer layers, a similar split with at least one per flow. */
  private static int[] split(Variant variant, int layers) {
    int small = Math.max(1, layers / 6);
    int large = layers - 2 * small;
    return switch (variant) {
      case AFFINE -> equal(layers == ModelSize.PAPER.layers() ? 6 : 3, layers);
      case MIX_1 -> new int[] {small, small, large};
      case MIX_D, AUTOREGRESSIVE -> new int[] {large, small, small};
    };
  }

  private static int[] equal(int flows, int layers) {
    int[] split = new int[flows];
    Arrays.setAll(split, l -> layers / flows + (l >= flows - layers % flows ? 1 : 0));
    return split;
  }
}
