package org.tarflowlm.nn;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.updater.UpdaterBlock;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ISchedule;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;

/**
 * Builds a new network from a trained one, with the same weights but other settings for further training.
 *
 * <pre>
 * ComputationGraph tuned = FineTuning.of(network).freeze("codebook", "flow0").learningRate(1e-4).build();
 * </pre>
 *
 * <p>DL4J's own calls do not reach a SameDiff layer: {@code setLearningRate} and {@code fineTuneConfiguration} would silently do nothing,
 * and {@code setFeatureExtractor} would fail at the next step. On a TarFlowLM network all three throw an exception that names this class.
 *
 * <p>The original network is not changed; listeners are not copied. The optimiser's moments and the iteration count are kept, unless
 * {@link #optimizer}, {@link #updater} or {@link #vocabulary} was called, which reset both.
 */
public final class FineTuning {
  private final ComputationGraph network;
  private final TarFlowOutputLayer layer;
  private final Set<String> frozen;
  private TarFlowOutputLayer changed;
  private VocabularyChange vocabulary;
  private Long seed;
  private boolean anew;

  private FineTuning(ComputationGraph network) {
    this.network = network;
    this.layer = (TarFlowOutputLayer) network.getLayer(TarFlowNetwork.LAYER).conf().getLayer();
    this.frozen = new LinkedHashSet<>(layer.frozenParameters());
    this.changed = layer.with(layer.model(), layer.getNoiseSeed(), Set.of());
  }

  /** @throws IllegalArgumentException if {@link TarFlowNetwork} did not build the network */
  public static FineTuning of(ComputationGraph network) {
    boolean named = network.getConfiguration().getVertices().containsKey(TarFlowNetwork.LAYER);
    if (!named || !(network.getLayer(TarFlowNetwork.LAYER) instanceof TarFlowLayer)) {
      throw new IllegalArgumentException("the network has no TarFlowLM layer '" + TarFlowNetwork.LAYER
          + "'; expected a network of TarFlowNetwork or of the zoo");
    }
    return new FineTuning(network);
  }

  /** Names of the parts that can be frozen: {@code codebook, flow0, flow1, ...}, or a discrete model's parts. */
  public static Set<String> parts(ComputationGraph network) {
    return ParameterNames.parts(ParameterShapes.of(TarFlowNetwork.layer(network).model()).keySet());
  }

  /**
   * Freezes parts, in addition to those that are frozen already. They become constants of the graph and need no backward pass.
   *
   * @param names of {@link #parts}, or finer names such as {@code flow0.block1} or {@code flow0.head.weight}
   * @throws IllegalArgumentException if one of them is not a part of the model
   */
  public FineTuning freeze(String... names) {
    frozen.addAll(ParameterNames.select(ParameterShapes.of(layer.model()).keySet(), List.of(names)));
    return this;
  }

  /**
   * Lets frozen parts train again; names as in {@link #freeze}.
   *
   * @throws IllegalArgumentException if one of them is not a part of the model
   */
  public FineTuning unfreeze(String... names) {
    frozen.removeAll(ParameterNames.select(ParameterShapes.of(layer.model()).keySet(), List.of(names)));
    return this;
  }

  /**
   * Sets a constant learning rate for all further steps, instead of any schedule. The optimiser keeps its moments.
   *
   * @throws IllegalStateException if the updater has no learning rate
   */
  public FineTuning learningRate(double rate) {
    if (!(rate >= 0 && rate < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("learningRate is " + rate + "; expected a number of at least 0");
    }
    return rate(rate, null);
  }

  /** Sets a schedule over the network's iteration count, which includes earlier iterations unless the optimiser is reset. */
  public FineTuning learningRate(ISchedule schedule) {
    return rate(Double.NaN, schedule);
  }

  private FineTuning rate(double rate, ISchedule schedule) {
    changed.setUpdater(withRate(changed.getUpdater(), rate, schedule));
    changed.setBiasUpdater(changed.getBiasUpdater() == null ? null : withRate(changed.getBiasUpdater(), rate, schedule));
    return this;
  }

  private static IUpdater withRate(IUpdater updater, double rate, ISchedule schedule) {
    if (!updater.hasLearningRate()) {
      throw new IllegalStateException("the updater " + updater.getClass().getSimpleName() + " has no learning rate");
    }
    IUpdater copy = updater.clone();
    copy.setLrAndSchedule(rate, schedule);
    return copy;
  }

  /**
   * Sets another optimiser with fresh state, including its weight decay, clipping and warm-up.
   *
   * @param totalSteps iterations over which its learning rate decays
   */
  public FineTuning optimizer(OptimizerSpec optimizer, int totalSteps) {
    changed.optimize(optimizer, totalSteps);
    anew = true;
    return this;
  }

  /** Sets another DL4J updater with fresh state; weight decay, clipping and rate factors stay. */
  public FineTuning updater(IUpdater updater) {
    changed.setUpdater(updater.clone());
    changed.setBiasUpdater(null);
    anew = true;
    return this;
  }

  /**
   * Sets the network's inputs: ids, ids with noise, or latents. The optimiser keeps its state.
   *
   * @throws IllegalArgumentException if the model is discrete and the inputs are not {@link ModelInputs#IDS}
   */
  public FineTuning inputs(ModelInputs inputs) {
    changed.setInputs(inputs);
    return this;
  }

  /** Sets the seed for the encoder's noise and for new parameters. */
  public FineTuning seed(long value) {
    seed = value;
    return this;
  }

  /**
   * Sets a vocabulary of entirely new tokens. The codebook, and the head of a flow tied to it, start fresh; all other weights are kept.
   *
   * @param tokens size of the new vocabulary, at least 2
   */
  public FineTuning vocabulary(int tokens) {
    vocabulary = VocabularyChange.toNewTokens(tokens);
    return this;
  }

  /**
   * Sets a vocabulary that shares tokens with the old one; shared tokens keep their values in the codebook and in the head.
   *
   * @param oldTokens for each new token its id in the old vocabulary, or -1
   * @throws IllegalArgumentException if an id is not in the old vocabulary
   */
  public FineTuning vocabulary(int[] oldTokens) {
    VocabularyChange change = new VocabularyChange(oldTokens.length, oldTokens);
    change.requireWithin(layer.model().vocabSize());
    vocabulary = change;
    return this;
  }

  /**
   * Builds the new network. Parameters of a new vocabulary train even in a frozen part.
   *
   * @throws IllegalStateException if no parameter would train
   */
  public ComputationGraph build() {
    TarFlowConfig model = vocabulary == null ? layer.model() : layer.model().withVocabSize(vocabulary.size());
    Map<String, long[]> shapes = ParameterShapes.of(model);
    Map<String, INDArray> old = TarFlowNetwork.parameters(network);
    Set<String> fixed = new LinkedHashSet<>(frozen);
    fixed.removeIf(name -> vocabulary != null && isPerToken(name, shapes.get(name)));
    if (fixed.containsAll(shapes.keySet())) {
      throw new IllegalStateException("every part is frozen: nothing is left to train");
    }
    boolean restart = anew || vocabulary != null;
    ComputationGraph result = network(changed.with(model, seed == null ? layer.getNoiseSeed() : seed, fixed), restart);
    TarFlowNetwork.parameters(result).forEach((name, view) -> {
      if (vocabulary != null && isPerToken(name, view.shape())) {
        vocabulary.carryOver(old.get(name), view, name.contains(".head."));
      } else {
        view.assign(old.get(name));
      }
    });
    if (!restart) {
      UpdaterStates.copy(network, result);
    }
    return result;
  }

  private ComputationGraph network(TarFlowOutputLayer newLayer, boolean restart) {
    ComputationGraphConfiguration conf = network.getConfiguration().clone();
    LayerVertex vertex = (LayerVertex) conf.getVertices().get(TarFlowNetwork.LAYER);
    NeuralNetConfiguration layerConf = vertex.getLayerConf().clone();
    layerConf.setLayer(newLayer);
    conf.getVertices().put(TarFlowNetwork.LAYER, new LayerVertex(layerConf, vertex.getPreProcessor()));
    TarFlowNetwork.connect(conf, newLayer.getInputs());
    // the clone of a configuration has an iteration count of 0
    conf.setIterationCount(restart ? 0 : network.getConfiguration().getIterationCount());
    conf.setEpochCount(restart ? 0 : network.getConfiguration().getEpochCount());
    ComputationGraph result = new OnePassGraph(conf);
    result.init();
    return result;
  }

  /** Whether a parameter has an entry for each token of the vocabulary. */
  private boolean isPerToken(String name, long[] newShape) {
    return name.equals("codebook.mean") || name.equals("embed.weight") || name.startsWith("lm.head.")
        || name.equals("codebook.logSigma") && newShape[0] > 1
        || name.startsWith("flow0.head.") && layer.model().flows().get(0).tied();
  }

  /**
   * An optimiser's state by parameter. DL4J stores it in one flat array, in blocks of adjacent parameters with equal updaters: a block of n
   * numbers has n first moments, then n second ones. Freezing a part splits blocks, so the array does not fit a network that freezes other
   * parts.
   */
  private static final class UpdaterStates {
    private UpdaterStates() {}

    /** Copies the state of every parameter that both networks train with the same number of moments; other state stays. */
    static void copy(ComputationGraph from, ComputationGraph to) {
      Map<String, List<INDArray>> old = byParameter(from);
      byParameter(to).forEach((name, views) -> {
        List<INDArray> known = old.get(name);
        if (known != null && known.size() == views.size()) {
          for (int i = 0; i < views.size(); i++) {
            if (known.get(i).length() == views.get(i).length()) {
              views.get(i).assign(known.get(i));
            }
          }
        }
      });
    }

    /** Views of a network's optimiser state by parameter: one per moment of the updater. */
    private static Map<String, List<INDArray>> byParameter(ComputationGraph network) {
      Map<String, List<INDArray>> result = new HashMap<>();
      for (UpdaterBlock block : network.getUpdater().getUpdaterBlocks()) {
        int parameters = block.getParamOffsetEnd() - block.getParamOffsetStart();
        int states = block.getUpdaterViewOffsetEnd() - block.getUpdaterViewOffsetStart();
        for (int moment = 0; moment < states / parameters; moment++) {
          INDArray flat = block.getUpdaterView().reshape(states);
          for (UpdaterBlock.ParamState each : block.getLayersAndVariablesInBlock()) {
            long begin = (long) moment * parameters + each.getParamOffsetStart() - block.getParamOffsetStart();
            long end = begin + each.getParamOffsetEnd() - each.getParamOffsetStart();
            result.computeIfAbsent(each.getParamName(), name -> new ArrayList<>()).add(flat.get(NDArrayIndex.interval(begin, end)));
          }
        }
      }
      return result;
    }
  }
}
