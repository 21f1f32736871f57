package org.tarflowlm.zoo;

import java.util.Locale;
import java.util.function.Function;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.zoo.ModelMetaData;
import org.deeplearning4j.zoo.PretrainedType;
import org.deeplearning4j.zoo.ZooModel;
import org.deeplearning4j.zoo.ZooType;
import org.tarflowlm.config.ConfigException;
import org.tarflowlm.config.ModelSize;
import org.tarflowlm.config.PaperConfigs;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.config.TextFormat;
import org.tarflowlm.config.Variant;
import org.tarflowlm.nn.OptimizerSpec;
import org.tarflowlm.nn.TarFlowNetwork;

/**
 * A model of DL4J's zoo: {@link #init()} gives an untrained network of the paper's configuration, or of a small one of the same
 * structure, {@link #initPretrained()} one with trained weights from the class path.
 *
 * <p>DL4J's own {@code initPretrained(PretrainedType)} knows image data sets only and is not available here; use
 * {@link #initPretrained(TarFlowPretrained)}.
 */
@SuppressWarnings("unchecked") // DL4J declares an init() that returns whatever its caller wishes
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
    private ModelSize size = ModelSize.SMALL;
    private OptimizerSpec optimizer = OptimizerSpec.defaults();
    private int totalSteps = CheckpointNetworks.DEFAULT_STEPS;
    private long seed = 1;
    private Integer contextLength;

    Builder(Function<Builder<M>, M> constructor) {
      this.constructor = constructor;
    }

    /** Which of the paper's models; default MIX_D. */
    public Builder<M> variant(Variant value) {
      this.variant = value;
      return this;
    }

    /** How large; default SMALL, which trains on a CPU. PAPER is the paper's. */
    public Builder<M> size(ModelSize value) {
      this.size = value;
      return this;
    }

    /** Tokens of a window; default that of the size. */
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

    /** Seed of the parameters' start and of the encoder's noise; default 1. */
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
   * The configuration that {@link #init()} makes a network of.
   *
   * @throws ConfigException if the context length is below 1
   */
  public TarFlowConfig config() {
    TarFlowConfig config = PaperConfigs.of(format, variant, size);
    return contextLength == null ? config : config.withContextLength(contextLength);
  }

  /** A freshly initialised network: one input of ids INT [batch, time], loss in nats per token. */
  @Override
  public ComputationGraph init() {
    return TarFlowNetwork.create(config(), optimizer, totalSteps, seed);
  }

  /**
   * A network with the weights of the zoo's checkpoint for this data and variant; its size is the checkpoint's.
   *
   * @throws CheckpointException if there is none, or it is damaged
   */
  @Override
  public ComputationGraph initPretrained() {
    return network(TarFlowZoo.load(pretrainedEntry()));
  }

  /**
   * A network with the weights of a named checkpoint.
   *
   * @throws CheckpointException if it is not on the class path, is damaged, or is made for other data than this model
   */
  public ComputationGraph initPretrained(TarFlowPretrained pretrained) {
    if (pretrained.format() != format) {
      throw new CheckpointException("checkpoint " + pretrained.id() + " is made for " + pretrained.format()
          + "; expected one for " + format);
    }
    return network(TarFlowZoo.load(pretrained.id()));
  }

  private ComputationGraph network(Checkpoint checkpoint) {
    return CheckpointNetworks.network(checkpoint, optimizer, totalSteps, seed);
  }

  private String pretrainedEntry() {
    TarFlowPretrained named = TarFlowPretrained.of(format, variant);
    return TarFlowZoo.list().stream()
        .filter(each -> each.format() == format && each.variant() == variant)
        .map(ZooEntry::id)
        .reduce((first, other) -> named != null && other.equals(named.id()) ? other : first)
        .orElseThrow(() -> new CheckpointException("the zoo has no checkpoint for " + format + " of variant " + variant
            + "; expected one in zoo-weights on the class path"));
  }

  /** Whether the zoo has a checkpoint for this data and variant. */
  public boolean pretrainedAvailable() {
    return TarFlowZoo.list().stream().anyMatch(each -> each.format() == format && each.variant() == variant);
  }

  /** Whether a named checkpoint is on the class path and is made for this data. */
  public boolean pretrainedAvailable(TarFlowPretrained pretrained) {
    return pretrained.format() == format && pretrained.isAvailable();
  }

  /** Always null: DL4J's names are those of image data sets. */
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
    if (inputShape.length != 1 || inputShape[0].length != 1) {
      throw new ConfigException("inputShape", "has not the form {{tokens}}; expected one input of one dimension, the context length");
    }
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

  /** For DL4J only. */
  @Override
  @Deprecated
  public ModelMetaData metaData() {
    return new ModelMetaData(new int[][] {{config().contextLength()}}, 1, ZooType.TEXTGENLSTM);
  }
}
