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
 * Changes how or on what a trained network trains further: a new network with the old one's weights.
 *
 * <pre>
 * ComputationGraph tuned = FineTuning.of(network).freeze("codebook", "flow0").learningRate(1e-4).build();
 * </pre>
 *
 * <p>DL4J's own calls do not reach a SameDiff layer: {@code setLearningRate} and {@code fineTuneConfiguration} would silently do nothing,
 * {@code setFeatureExtractor} would fail at the next step. On a TarFlowLM network all three throw and name this class.
 *
 * <p>The original network is not changed; listeners are not copied. The optimiser's moments and the count of iterations are kept unless
 * {@link #optimizer}, {@link #updater} or {@link #vocabulary} was called: then both start fresh.
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

  /** @throws IllegalArgumentException if the network is not one of {@link TarFlowNetwork} */
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
   * Parts that do not train, besides those that did not train before. They are constants of the graph and have no backward pass.
   *
   * @param names of {@link #parts}, or finer: {@code flow0.block1}, {@code flow0.head.weight}
   * @throws IllegalArgumentException if one of them is not a part of the model
   */
  public FineTuning freeze(String... names) {
    frozen.addAll(ParameterNames.select(ParameterShapes.of(layer.model()).keySet(), List.of(names)));
    return this;
  }

  /**
   * Parts that train again.
   *
   * @throws IllegalArgumentException if one of them is not a part of the model
   */
  public FineTuning unfreeze(String... names) {
    frozen.removeAll(ParameterNames.select(ParameterShapes.of(layer.model()).keySet(), List.of(names)));
    return this;
  }

  /**
   * A learning rate for all further steps; a schedule ends here. The optimiser keeps its moments.
   *
   * @throws IllegalStateException if the updater has no learning rate
   */
  public FineTuning learningRate(double rate) {
    if (!(rate >= 0 && rate < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("learningRate is " + rate + "; expected a number of at least 0");
    }
    return rate(rate, null);
  }

  /** A schedule over the iterations that the network counts: those before are included unless the optimiser's state is fresh. */
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
   * Another optimiser with fresh state, weight decay, clipping and warm-up included.
   *
   * @param totalSteps iterations over which its learning rate decays
   */
  public FineTuning optimizer(OptimizerSpec optimizer, int totalSteps) {
    changed.optimize(optimizer, totalSteps);
    anew = true;
    return this;
  }

  /** Another updater of DL4J's, with fresh state; weight decay, clipping and rate factors stay. */
  public FineTuning updater(IUpdater updater) {
    changed.setUpdater(updater.clone());
    changed.setBiasUpdater(null);
    anew = true;
    return this;
  }

  /**
   * Other features: latents, or noise besides ids. The optimiser keeps its state.
   *
   * @throws IllegalArgumentException if a discrete model is to take anything but ids
   */
  public FineTuning inputs(ModelInputs inputs) {
    changed.setInputs(inputs);
    return this;
  }

  /** Another seed of the encoder's noise, and of new parameters. */
  public FineTuning seed(long value) {
    seed = value;
    return this;
  }

  /**
   * Another vocabulary, of which no token was in the old one: the codebook and, of a flow that is tied to it, the head start fresh; all
   * else is carried over.
   *
   * @param tokens size of the new vocabulary, at least 2
   */
  public FineTuning vocabulary(int tokens) {
    vocabulary = VocabularyChange.toNewTokens(tokens);
    return this;
  }

  /**
   * Another vocabulary that shares tokens with the old one: these keep their values in the codebook and in the head.
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
   * The new network. Parameters of a new vocabulary train even in a part that is frozen.
   *
   * @throws IllegalStateException if nothing would be left to train
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
    // a configuration's clone has counted nothing
    conf.setIterationCount(restart ? 0 : network.getConfiguration().getIterationCount());
    conf.setEpochCount(restart ? 0 : network.getConfiguration().getEpochCount());
    ComputationGraph result = new OnePassGraph(conf);
    result.init();
    return result;
  }

  /** Whether a parameter has a place for each token of the vocabulary. */
  private boolean isPerToken(String name, long[] newShape) {
    return name.equals("codebook.mean") || name.equals("embed.weight") || name.startsWith("lm.head.")
        || name.equals("codebook.logSigma") && newShape[0] > 1
        || name.startsWith("flow0.head.") && layer.model().flows().get(0).tied();
  }

  /**
   * An optimiser's state by parameter. DL4J keeps it in one flat array, in blocks of neighbouring parameters with equal updaters: of a
   * block with n numbers, n first moments, then n second ones. Freezing a part cuts blocks in two, so the array of a network does not fit
   * another one that freezes other parts.
   */
  private static final class UpdaterStates {
    private UpdaterStates() {}

    /** Copies the state of every parameter that both networks train with an equal number of moments; the rest stays as it is. */
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

    /** Views into the state of a network, by parameter: the first moments, the second ones, as many as the updater has. */
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
