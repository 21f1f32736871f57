package org.tarflowlm.zoo;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.zoo.ModelMetaData;
import org.deeplearning4j.zoo.PretrainedType;
import org.deeplearning4j.zoo.ZooModel;
import org.deeplearning4j.zoo.ZooType;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.checkpoint.CheckpointException;
import org.tarflowlm.checkpoint.CheckpointNetworks;
import org.tarflowlm.config.ModelSize;
import org.tarflowlm.config.PaperConfigs;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.config.TextFormat;
import org.tarflowlm.config.Variant;
import org.tarflowlm.json.ConfigException;
import org.tarflowlm.nn.OptimizerSpec;
import org.tarflowlm.nn.TarFlowNetwork;

/**
 * A DL4J zoo model. {@link #initPretrained()} gives a network with trained weights from the class path; {@link #init()} gives an untrained
 * one with the same configuration, or with the paper's configuration at a given size.
 *
 * <pre>
 * ComputationGraph network = Text8TarFlow.builder().variant(Variant.MIX_D).build().initPretrained();
 * </pre>
 *
 * <p>{@link TarFlowZoo#list()} lists the packaged checkpoints. DL4J's own {@code initPretrained(PretrainedType)} only knows image data
 * sets; a checkpoint has an id instead ({@link #initPretrained(String)}).
 */
@SuppressWarnings("unchecked") // DL4J declares init() with a return type that the caller chooses
public abstract class TarFlowZooModel extends ZooModel<ComputationGraph> {
  private final TextFormat format;
  private final Variant variant;
  private final ModelSize size;
  private final OptimizerSpec optimizer;
  private final int totalSteps;
  private final long seed;
  private Integer contextLength;

  TarFlowZooModel(TextFormat format, Builder<?> builder) {
    this.format = format;
    this.variant = builder.variant;
    this.size = builder.size;
    this.optimizer = builder.optimizer;
    this.totalSteps = builder.totalSteps;
    this.seed = builder.seed;
    this.contextLength = builder.contextLength;
  }

  /** Settings of a model; every one has a default. */
  public static final class Builder<M extends TarFlowZooModel> {
    private final Function<Builder<M>, M> constructor;
    private Variant variant = Variant.MIX_D;
    private ModelSize size;
    private OptimizerSpec optimizer = OptimizerSpec.defaults();
    private int totalSteps = CheckpointNetworks.DEFAULT_STEPS;
    private long seed = 1;
    private Integer contextLength;

    Builder(Function<Builder<M>, M> constructor) {
      this.constructor = constructor;
    }

    /** Variant of the paper's model; default MIX_D. */
    public Builder<M> variant(Variant value) {
      this.variant = value;
      return this;
    }

    /**
     * Size of an untrained model; PAPER is the paper's. By default the size of the packaged model, or SMALL if there is none.
     */
    public Builder<M> size(ModelSize value) {
      this.size = value;
      return this;
    }

    /** Tokens in a window; by default that of the packaged model or of the size. */
    public Builder<M> contextLength(int value) {
      this.contextLength = value;
      return this;
    }

    public Builder<M> optimizer(OptimizerSpec value) {
      this.optimizer = value;
      return this;
    }

    /** Iterations over which the learning rate decays; default {@value CheckpointNetworks#DEFAULT_STEPS}. */
    public Builder<M> totalSteps(int value) {
      this.totalSteps = value;
      return this;
    }

    /** Seed for the initial parameters and the encoder's noise; default 1. */
    public Builder<M> seed(long value) {
      this.seed = value;
      return this;
    }

    public M build() {
      return constructor.apply(this);
    }
  }

  /** The data that the model is for. */
  public TextFormat format() {
    return format;
  }

  /**
   * The configuration of the networks that this model creates: the packaged checkpoint's, unless a size or a context length was set.
   *
   * @throws ConfigException if the context length is below 1
   */
  public TarFlowConfig config() {
    TarFlowConfig config = size == null && pretrainedAvailable() ? TarFlowZoo.config(entry().orElseThrow())
        : PaperConfigs.of(format, variant, size == null ? ModelSize.SMALL : size);
    return contextLength == null || contextLength == config.contextLength() ? config : config.withContextLength(contextLength);
  }

  /** A new, untrained network: one input of ids INT [batch, time], loss in nats per token. */
  @Override
  public ComputationGraph init() {
    return TarFlowNetwork.create(config(), optimizer, totalSteps, seed);
  }

  /**
   * A network with {@link #config()} and the weights of the zoo's checkpoint for this data and variant.
   *
   * @throws CheckpointException if no checkpoint has this size (the message lists the packaged ones), or it is damaged
   */
  @Override
  public ComputationGraph initPretrained() {
    TarFlowNetwork.startBackend();
    return initPretrained(entry().orElseThrow(() -> new CheckpointException("the zoo has no checkpoint for " + format + " of variant "
        + variant + packaged())).id());
  }

  /**
   * Like {@link #initPretrained()}, with the weights of a checkpoint by its id.
   *
   * @param id one of {@link TarFlowZoo#list()}
   * @throws CheckpointException if it is not on the class path, is damaged, or is not the requested model
   */
  public ComputationGraph initPretrained(String id) {
    if (TarFlowZoo.has(id)) {
      TarFlowNetwork.startBackend();
    }
    ZooEntry entry = TarFlowZoo.entry(id);
    if (entry.format() != format || entry.variant() != variant) {
      throw new CheckpointException("checkpoint " + id + " is a model of " + entry.format() + ", variant " + entry.variant()
          + "; expected " + format + ", " + variant + packaged());
    }
    Checkpoint checkpoint = TarFlowZoo.load(id);
    if (size != null || contextLength != null && contextLength != checkpoint.config().contextLength()) {
      throw new CheckpointException("no weights of " + (size == null ? "context length " + contextLength : "size " + size)
          + " are packaged for " + format + "; leave out size and context length to use the packaged ones" + packaged());
    }
    return CheckpointNetworks.network(checkpoint, optimizer, totalSteps, seed);
  }

  /**
   * Never available: DL4J's types name image data sets.
   *
   * @throws UnsupportedOperationException always; the message names the call to use
   */
  @Override
  public <M extends Model> M initPretrained(PretrainedType pretrainedType) {
    throw new UnsupportedOperationException(pretrainedType + " is an image data set; call initPretrained() or initPretrained(id)"
        + packaged());
  }

  /** The zoo's entry for this data and variant: the first one of the index. */
  private Optional<ZooEntry> entry() {
    return TarFlowZoo.list().stream().filter(each -> each.format() == format && each.variant() == variant).findFirst();
  }

  /** The packaged checkpoints, as the end of a message. */
  private static String packaged() {
    List<ZooEntry> all = TarFlowZoo.list();
    return all.isEmpty() ? "; put zoo-weights on the class path" : ". Packaged: " + all.stream()
        .map(each -> String.format(Locale.ROOT, "%s (%s, %s, %,d parameters)", each.id(), each.format(), each.variant(), each.parameters()))
        .collect(Collectors.joining(", "));
  }

  /** Whether the zoo has a checkpoint for this data and variant. */
  public boolean pretrainedAvailable() {
    return entry().isPresent();
  }

  /** Always null: DL4J's types name image data sets. */
  @Override
  public String pretrainedUrl(PretrainedType pretrainedType) {
    return null;
  }

  @Override
  public long pretrainedChecksum(PretrainedType pretrainedType) {
    return 0;
  }

  /** Sets the context length: {@code {{tokens}}}. */
  @Override
  public void setInputShape(int[][] inputShape) {
    ConfigException.require(inputShape.length == 1 && inputShape[0].length == 1, "inputShape",
        "does not have the form {{tokens}}; expected one input of one dimension, the context length");
    contextLength = inputShape[0][0];
  }

  @Override
  public Class<? extends Model> modelType() {
    return ComputationGraph.class;
  }

  @Override
  public String modelName() {
    return "tarflowlm-" + format.name().toLowerCase(Locale.ROOT);
  }

  /** One input of {@link #config()}'s context length and one output, the bound. TEXTGENLSTM is DL4J's only model type for text. */
  @Override
  @Deprecated
  public ModelMetaData metaData() {
    return new ModelMetaData(new int[][] {{config().contextLength()}}, 1, ZooType.TEXTGENLSTM);
  }
}
