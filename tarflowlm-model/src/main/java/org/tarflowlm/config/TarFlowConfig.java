package org.tarflowlm.config;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.tarflowlm.json.ConfigException;
import org.tarflowlm.json.RecordJson;
import org.tarflowlm.json.Records;

/**
 * Configuration of a model: every number that decides the shape of its parameters or the value of its likelihood.
 *
 * @param model flows, or the discrete autoregressive twin (which uses the sum of the flows' layers and ignores the couplings)
 * @param vocabSize V, number of token ids
 * @param contextLength T, tokens of a window; a multiple of {@code patchSize}
 * @param latentDim d, width of a token's latent
 * @param width H, width of the transformer; a multiple of {@code heads}
 * @param heads attention heads
 * @param patchSize P, tokens that form one position of the flows (paper section 5); default 1
 * @param channelMixing whether channels are mixed before each flow after the first that has its own transformer, which needs an even P*d;
 *     default: true if P is above 1 and there is such a flow
 * @param flows the stack, in the order data to noise
 * @param codebook the encoder
 * @param logScaleBound bounds the flows' log-scales to (-bound, bound) by {@code bound * tanh(raw / bound)}; default 5
 * @param mafHidden hidden units of the masked head (D_module of the paper's appendix H), half as many per channel; default 128
 * @param init how weights start
 * @param mafLayers hidden layers of the masked head; default 1, as in the paper. Further layers are residual. In-token flows, which bend
 *     one another's Gaussians, learn faster with 2
 * @param patchHidden hidden units per token of the patch head, which makes a token's component weights depend on the tokens before it in
 *     its patch; default 0, as in the paper: the tokens of a patch are independent given the context
 */
public record TarFlowConfig(
    ModelType model,
    @JsonProperty(required = true) int vocabSize,
    @JsonProperty(required = true) int contextLength,
    @JsonProperty(required = true) int latentDim,
    @JsonProperty(required = true) int width,
    @JsonProperty(required = true) int heads,
    Integer patchSize,
    Boolean channelMixing,
    @JsonProperty(required = true) List<FlowSpec> flows,
    CodebookSpec codebook,
    Double logScaleBound,
    Integer mafHidden,
    InitSpec init,
    Integer mafLayers,
    Integer patchHidden) {

  private static final int MAX_CHANNELS = 1 << 16;
  /** Limit for the vocabulary, the window and a mixture's components. */
  static final int MOST_TOKENS = 1 << 20;
  private static final int MOST_UNITS = 1 << 16;
  private static final int MOST_FLOWS = 256;

  public TarFlowConfig {
    model = model == null ? ModelType.TARFLOW : model;
    patchSize = patchSize == null ? 1 : patchSize;
    codebook = codebook == null ? CodebookSpec.defaults() : codebook;
    logScaleBound = logScaleBound == null ? 5.0 : logScaleBound;
    mafHidden = mafHidden == null ? 128 : mafHidden;
    init = init == null ? InitSpec.defaults() : init;
    mafLayers = mafLayers == null ? 1 : mafLayers;
    patchHidden = patchHidden == null ? 0 : patchHidden;
    ConfigException.requireWithin("vocabSize", vocabSize, 2, MOST_TOKENS);
    ConfigException.requireWithin("contextLength", contextLength, 1, MOST_TOKENS);
    ConfigException.requireAtLeast("latentDim", latentDim, 1);
    ConfigException.requireWithin("width", width, 1, MOST_UNITS);
    ConfigException.requireWithin("heads", heads, 1, width);
    ConfigException.requireAtLeast("patchSize", patchSize, 1);
    ConfigException.requireWithin("mafHidden", mafHidden, 2, MOST_UNITS);
    ConfigException.requireWithin("mafLayers", mafLayers, 1, MOST_FLOWS);
    ConfigException.requireWithin("patchHidden", patchHidden, 0, MOST_UNITS);
    ConfigException.requirePositive("logScaleBound", logScaleBound);
    codebook.requireFits(vocabSize, latentDim);
    ConfigException.require((long) latentDim * patchSize <= MAX_CHANNELS, "latentDim", "is " + latentDim + " with patchSize " + patchSize
        + "; expected at most " + MAX_CHANNELS + " channels per position");
    ConfigException.require(width % heads == 0, "width", "is " + width + ", not divisible by heads " + heads);
    ConfigException.require(contextLength % patchSize == 0, "contextLength", "is " + contextLength + ", not divisible by patchSize "
        + patchSize);
    ConfigException.require(flows != null && !flows.isEmpty(), "flows", "is empty; expected at least one flow");
    flows = List.copyOf(flows);
    ConfigException.requireWithin("flows", flows.size(), 1, MOST_FLOWS);
    if (flows.get(0).isInToken()) {
      throw new ConfigException("flows[0].layers", "is 0; expected at least 1, since no flow before it has a transformer");
    }
    channelMixing = channelMixing == null ? patchSize > 1 && flows.stream().filter(flow -> !flow.isInToken()).count() > 1 : channelMixing;
    if (model == ModelType.TARFLOW) {
      if (channelMixing && (latentDim * patchSize) % 2 != 0) {
        throw new ConfigException("channelMixing", "needs an even number of channels; found patchSize " + patchSize + " x latentDim "
            + latentDim + " = " + latentDim * patchSize);
      }
      ConfigException.require(init.codebookFlow() < flows.size(), "init.codebookFlow", "is " + init.codebookFlow()
          + "; expected less than the number of flows, " + flows.size());
      ConfigException.require(init.codebookFlow() == 0 || !channelMixing, "init.codebookFlow", "is " + init.codebookFlow()
          + " with channelMixing, behind which the flow would not meet the codebook; expected 0");
      for (int i = 0; i < flows.size(); i++) {
        FlowSpec flow = flows.get(i);
        if (flow.isInToken() && flow.direction() != flows.get(i - 1).direction()) {
          throw new ConfigException("flows[" + i + "].direction", "is " + flow.direction() + " with 0 layers; expected "
              + flows.get(i - 1).direction() + " as in the flow whose transformer it shares");
        }
        if (flow.tied() && mapsBefore(flows, i, flow.endChannel(latentDim))) {
          throw new ConfigException("flows[" + i + "].tied", "is true, but a flow before it maps channels that it reads; only the first "
              + "flow, or one over channels before those of the flows before it, can be tied to the encoder's codebook");
        }
        requireChannels(flow, "flows[" + i + "].", latentDim, patchSize);
        if (flow.isInToken() && flows.get(i - 1).isPartial()) {
          throw new ConfigException("flows[" + i + "].layers", "is 0 after a flow that maps only some channels; expected at least 1");
        }
        if (flow.tied() && flow.mixtures() != vocabSize) {
          throw new ConfigException("flows[" + i + "].mixtures", "is " + flow.mixtures()
              + " for a flow tied to the codebook; expected vocabSize " + vocabSize);
        }
      }
    }
  }

  /** Whether any flow before {@code flow} maps channels below {@code end}. */
  private static boolean mapsBefore(List<FlowSpec> flows, int flow, int end) {
    return flows.subList(0, flow).stream().anyMatch(before -> before.firstChannel() < end);
  }

  private static void requireChannels(FlowSpec flow, String at, int channels, int patchSize) {
    if (flow.isPartial() && patchSize > 1) {
      throw new ConfigException(at + "endChannel", "is given with patchSize " + patchSize + "; expected patchSize 1");
    }
    ConfigException.require(flow.endChannel() <= channels, at + "endChannel", "is " + flow.endChannel() + "; expected at most latentDim "
        + channels);
    ConfigException.require(flow.firstChannel() < channels, at + "firstChannel", "is " + flow.firstChannel()
        + "; expected less than latentDim " + channels);
  }

  /** Whether the weights of shared components depend on earlier tokens of the patch. */
  @JsonIgnore
  public boolean hasPatchHead() {
    return patchSize > 1 && patchHidden > 0;
  }

  /** Whether any flow maps only some of the channels. */
  @JsonIgnore
  public boolean hasPartialFlows() {
    return flows.stream().anyMatch(FlowSpec::isPartial);
  }

  /** A configuration whose masked heads have one hidden layer, without a patch head. */
  public TarFlowConfig(ModelType model, int vocabSize, int contextLength, int latentDim, int width, int heads, Integer patchSize,
      Boolean channelMixing, List<FlowSpec> flows, CodebookSpec codebook, Double logScaleBound, Integer mafHidden, InitSpec init) {
    this(model, vocabSize, contextLength, latentDim, width, heads, patchSize, channelMixing, flows, codebook, logScaleBound, mafHidden,
        init, null, null);
  }

  /** Whether the model is a stack of flows, and not a discrete one. */
  @JsonIgnore
  public boolean isFlow() {
    return model == ModelType.TARFLOW;
  }

  /** Tokens of a position of the model: P, or 1 in a discrete model. */
  @JsonIgnore
  public int patch() {
    return isFlow() ? patchSize : 1;
  }

  /** Channels of a position: P * d. */
  @JsonIgnore
  public int channels() {
    return latentDim * patchSize;
  }

  /** Positions of a full window: T / P. */
  @JsonIgnore
  public int positions() {
    return contextLength / patchSize;
  }

  /** Whether the previous flow's output has its channels mixed before this flow reads it. */
  public boolean mixesBefore(int flow) {
    return channelMixing && flow > 0 && !flows.get(flow).isInToken();
  }

  /** The flow whose transformer gives a flow its features: the flow itself or, for an in-token flow, the nearest trunk before it. */
  public int trunkOf(int flow) {
    return flows.get(flow).isInToken() ? trunkOf(flow - 1) : flow;
  }

  /** Indices of the flows that have their own transformer, in order. */
  @JsonIgnore
  public List<Integer> trunks() {
    return IntStream.range(0, flows.size()).filter(flow -> !flows.get(flow).isInToken()).boxed().toList();
  }

  /** Index after the trunk and its in-token flows. */
  public int endOfTrunk(int trunk) {
    return IntStream.range(trunk + 1, flows.size()).filter(flow -> !flows.get(flow).isInToken()).findFirst().orElse(flows.size());
  }

  /** Sum of the flows' transformer layers: the layers of the autoregressive twin. */
  @JsonIgnore
  public int totalLayers() {
    return flows.stream().mapToInt(FlowSpec::layers).sum();
  }

  /** A copy for windows of another length. */
  public TarFlowConfig withContextLength(int tokens) {
    return Records.with(this, "contextLength", tokens);
  }

  /** A copy with other flows. */
  public TarFlowConfig withFlows(List<FlowSpec> newFlows) {
    return Records.with(this, "flows", newFlows);
  }

  /** A copy for another vocabulary; a flow tied to the codebook follows it. */
  public TarFlowConfig withVocabSize(int tokens) {
    List<FlowSpec> newFlows = flows.stream().map(flow -> flow.tied() ? Records.with(flow, "mixtures", tokens) : flow).toList();
    return new TarFlowConfig(model, tokens, contextLength, latentDim, width, heads, patchSize, channelMixing, newFlows,
        tokens == vocabSize ? codebook : codebook.withoutTokens(), logScaleBound, mafHidden, init, mafLayers, patchHidden);
  }

  /** This configuration as indented JSON, every key written out; {@link #fromJson} gives an equal configuration back. */
  public String toJson() {
    return RecordJson.write(this);
  }

  /**
   * Reads a configuration. Keys with a default may be left out; unknown keys, wrong types and contradictions are errors.
   *
   * @throws ConfigException in one line that names the key, what was found and what was expected
   */
  public static TarFlowConfig fromJson(String json) {
    return RecordJson.read(json, TarFlowConfig.class);
  }

  /**
   * Reads a configuration file.
   *
   * @throws ConfigException if the file cannot be read or is not a valid configuration; the message begins with its path
   */
  public static TarFlowConfig read(Path file) {
    return RecordJson.read(file, TarFlowConfig.class);
  }

  /** The discrete autoregressive model with the same body. */
  public TarFlowConfig autoregressiveTwin() {
    return new TarFlowConfig(ModelType.AUTOREGRESSIVE, vocabSize, contextLength, latentDim, width, heads, 1, false, flows, codebook,
        logScaleBound, mafHidden, init, mafLayers, patchHidden);
  }
}
