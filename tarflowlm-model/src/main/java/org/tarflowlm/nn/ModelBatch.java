package org.tarflowlm.nn;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.graph.Window;
import org.tarflowlm.graph.WindowGraph;

/** One batch: checks the arrays that DL4J passes to the layer and converts them to the form that the graph reads. */
final class ModelBatch implements AutoCloseable {
  private final TarFlowConfig config;
  private final DataType type;
  private final int batch;
  private final int time;
  private final List<INDArray> made = new ArrayList<>();
  private int[] ids;
  private INDArray idArray;
  private INDArray noise;
  private INDArray latents;
  private int[] lengths;
  private boolean densityOnly;
  /** Whether texts are padded to the window already, with zeros. */
  private boolean padded;

  private ModelBatch(TarFlowConfig config, DataType type, long batch, long time) {
    this.config = config;
    this.type = type;
    this.batch = Math.toIntExact(batch);
    this.time = Math.toIntExact(time);
  }

  /**
   * Ids with given noise.
   *
   * @param noise ignored by a discrete model
   * @param lengths tokens of texts, whole patches, behind which ids and noise are zero up to the window that is to be used; or null
   */
  static ModelBatch of(TarFlowConfig config, DataType type, INDArray ids, INDArray noise, int[] lengths) {
    ModelBatch result = ofIds(config, type, ids);
    result.lengths = lengths;
    result.padded = lengths != null;
    if (config.isFlow()) {
      result.noise = BatchArrays.floating("noise", noise, type, result.batch, result.time, config.latentDim());
    }
    result.checkIds();
    return result;
  }

  /**
   * A layer's input and labels.
   *
   * @param labels for ids: the ids again or the noise; for latents: ids or the latents again; or null
   * @param mask [batch, time], ones followed by zeros; or null
   * @throws IllegalArgumentException with one line that names what was found and what was expected
   */
  static ModelBatch of(TarFlowConfig config, ModelInputs inputs, DataType type, INDArray input, INDArray labels, INDArray mask) {
    ModelBatch result = switch (inputs) {
      case IDS -> ofIdsAndLabels(config, type, input, labels);
      case IDS_AND_NOISE -> ofJoined(config, type, input);
      case LATENTS -> ofLatents(config, type, input, labels);
    };
    result.lengths = mask == null ? null : BatchArrays.lengths(mask, result.batch, result.time, config.patch());
    result.checkIds();
    return result;
  }

  private static ModelBatch ofIds(TarFlowConfig config, DataType type, INDArray input) {
    INDArray flat = BatchArrays.flat("ids", input);
    ModelBatch result = new ModelBatch(config, type, flat.size(0), flat.size(1));
    result.ids = BatchArrays.whole("ids", flat);
    result.idArray = flat.dataType() == DataType.INT32 ? flat : null;
    return result;
  }

  private static ModelBatch ofIdsAndLabels(TarFlowConfig config, DataType type, INDArray input, INDArray labels) {
    ModelBatch result = ofIds(config, type, input);
    boolean repeated = labels == null || labels.rank() != 3 || labels.size(1) == 1 && labels.size(2) == result.time && result.time > 1;
    if (config.isFlow() && !repeated) {
      result.noise = BatchArrays.floating("labels that are noise", labels, type, result.batch, result.time, config.latentDim());
    }
    return result;
  }

  private static ModelBatch ofJoined(TarFlowConfig config, DataType type, INDArray joined) {
    int d = config.latentDim();
    if (joined.size(2) != 1 + d) {
      throw new IllegalArgumentException("noise has " + (joined.size(2) - 1) + " numbers per token; expected latentDim " + d);
    }
    ModelBatch result = new ModelBatch(config, type, joined.size(0), joined.size(1));
    result.ids = BatchArrays.whole("ids", joined.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.point(0)));
    result.noise = result.make(joined.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.interval(1, 1 + d)).dup('c'));
    return result;
  }

  private static ModelBatch ofLatents(TarFlowConfig config, DataType type, INDArray input, INDArray labels) {
    INDArray z = BatchArrays.floating("latents", input, type, input.size(0), input.rank() < 2 ? 0 : input.size(1), config.latentDim());
    ModelBatch result = new ModelBatch(config, type, z.size(0), z.size(1));
    result.latents = z;
    result.densityOnly = labels == null || Arrays.equals(labels.shape(), z.shape());
    if (!result.densityOnly) {
      INDArray flat = BatchArrays.flat("labels that are ids", labels);
      if (flat.size(0) != result.batch || flat.size(1) != result.time) {
        throw new IllegalArgumentException("labels have shape " + Arrays.toString(labels.shape()) + "; expected ids ["
            + result.batch + ", " + result.time + "], or the latents again");
      }
      result.ids = BatchArrays.whole("ids", flat);
    }
    return result;
  }

  private void checkIds() {
    for (int i = 0; ids != null && i < ids.length; i++) {
      if ((ids[i] < 0 || ids[i] >= config.vocabSize()) && i % time < tokens(i / time)) {
        throw new IllegalArgumentException("id " + ids[i] + " at position " + i % time + " of text " + i / time + "; expected 0 to "
            + (config.vocabSize() - 1));
      }
    }
  }

  /** Number of tokens in a text. */
  int tokens(int text) {
    return lengths == null ? time : lengths[text];
  }

  private long tokens() {
    return lengths == null ? (long) batch * time : Arrays.stream(lengths).sum();
  }

  /** Number of texts. */
  int size() {
    return batch;
  }

  /** Graph outputs that {@link #loss} or {@link #logLikelihood} needs: the named one and, without ids, the VAE term. */
  List<String> outputs(String name) {
    return densityOnly ? List.of(name, WindowGraph.VAE_TERM) : List.of(name);
  }

  /** Sum over texts of the negative ELBO in nats per token; without ids, of -log p(z). */
  double loss(Map<String, INDArray> outputs) {
    double loss = outputs.get(WindowGraph.LOSS).getDouble(0);
    return densityOnly ? loss + outputs.get(WindowGraph.VAE_TERM).sumNumber().doubleValue() * batch / tokens() : loss;
  }

  /** ELBO in nats per text, [batch]; without ids, log p(z). */
  INDArray logLikelihood(Map<String, INDArray> outputs) {
    INDArray all = outputs.get(WindowGraph.LOG_LIKELIHOOD);
    return densityOnly ? all.subi(outputs.get(WindowGraph.VAE_TERM)) : all;
  }

  /**
   * The window of the graph to run. Texts shorter than the context length are padded to a power of two, so that batches of many lengths
   * share a graph.
   *
   * @param current the current graph, or null
   */
  Window window(Window current) {
    boolean fromLatents = latents != null;
    if (lengths == null || padded) {
      return new Window(time, fromLatents, padded);
    }
    if (time > config.contextLength()) {
      throw new IllegalArgumentException("texts are padded to " + time + " tokens; expected at most contextLength "
          + config.contextLength());
    }
    int positions = (time + config.patch() - 1) / config.patch();
    int padded = Math.min(config.contextLength(), config.patch() * (positions < 2 ? 1 : 2 * Integer.highestOneBit(positions - 1)));
    boolean fits = current != null && current.masked() && current.latents() == fromLatents && current.tokens() >= time
        && current.tokens() <= 2 * padded;
    return fits ? current : new Window(padded, fromLatents, true);
  }

  /**
   * The graph's placeholders by name.
   *
   * @param draws draws noise, given the ids, for a batch without noise
   */
  Map<String, INDArray> placeholders(Window window, Function<int[], INDArray> draws) {
    Map<String, INDArray> result = new HashMap<>();
    if (window.latents()) {
      result.put(WindowGraph.LATENTS, padded(latents, window));
    } else {
      result.put(WindowGraph.IDS, window.masked() && !padded || idArray == null ? paddedIds(window) : idArray);
    }
    if (config.isFlow() && !window.latents()) {
      result.put(WindowGraph.NOISE, padded(noise == null ? make(draws.apply(ids)) : noise, window));
    }
    if (window.masked()) {
      result.put(WindowGraph.LENGTHS, positions());
      result.put(WindowGraph.MASK, mask(window));
    }
    return result;
  }

  private INDArray paddedIds(Window window) {
    int[] values = new int[batch * window.tokens()];
    for (int b = 0; b < batch; b++) {
      System.arraycopy(ids, b * time, values, b * window.tokens(), tokens(b));
    }
    return make(Nd4j.create(values, new long[] {batch, window.tokens()}, DataType.INT32));
  }

  /** Pads an array to the window, and writes zeros after each text. */
  private INDArray padded(INDArray array, Window window) {
    INDArray typed = array.dataType() == type ? array : make(array.castTo(type));
    if (!window.masked() || padded) {
      return typed;
    }
    INDArray result = make(Nd4j.zeros(type, batch, window.tokens(), config.latentDim()));
    for (int b = 0; b < batch; b++) {
      result.get(NDArrayIndex.point(b), NDArrayIndex.interval(0, tokens(b)), NDArrayIndex.all())
          .assign(typed.get(NDArrayIndex.point(b), NDArrayIndex.interval(0, tokens(b)), NDArrayIndex.all()));
    }
    return result;
  }

  private INDArray positions() {
    int[] result = new int[batch];
    Arrays.setAll(result, b -> tokens(b) / config.patch());
    return make(Nd4j.create(result, new long[] {batch}, DataType.INT32));
  }

  private INDArray mask(Window window) {
    float[] values = new float[batch * window.tokens()];
    for (int b = 0; b < batch; b++) {
      Arrays.fill(values, b * window.tokens(), b * window.tokens() + tokens(b), 1f);
    }
    return make(Nd4j.create(values, new long[] {batch, window.tokens()}, type));
  }

  private INDArray make(INDArray array) {
    made.add(array);
    return array;
  }

  /** Frees the arrays made for the graph; left to the collector they would pile up, since steps create too little garbage to start it. */
  @Override
  public void close() {
    made.stream().filter(INDArray::closeable).forEach(INDArray::close);
    made.clear();
  }
}
