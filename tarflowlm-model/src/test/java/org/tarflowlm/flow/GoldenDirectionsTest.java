package org.tarflowlm.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.coupling.Errors;
import org.tarflowlm.coupling.Golden;
import org.tarflowlm.graph.KernelChoice;
import org.tarflowlm.graph.Window;
import org.tarflowlm.graph.WindowGraph;

/**
 * Whole stacks, transformers and masked heads included, whose flows read positions and channels in all four orders: latents, ELBO,
 * gradients and inverse against vectors that a program without masks and without our formulas' shortcuts made.
 */
class GoldenDirectionsTest {
  static List<Golden.Case> cases() {
    return Golden.cases("directions");
  }

  static Stream<Arguments> graphs() {
    return cases().stream().flatMap(c -> Stream.of(
        Arguments.of(c, DataType.DOUBLE, KernelChoice.COMPOSED),
        Arguments.of(c, DataType.DOUBLE, KernelChoice.AUTO),
        Arguments.of(c, DataType.FLOAT, KernelChoice.AUTO)));
  }

  @ParameterizedTest
  @MethodSource("graphs")
  void theGraphGivesLatentsBoundAndGradients(Golden.Case c, DataType type, KernelChoice kernels) {
    boolean single = type == DataType.FLOAT;
    TarFlowConfig config = config(c);
    Map<String, INDArray> parameters = new HashMap<>();
    ParameterShapes.of(config).forEach((name, shape) ->
        parameters.put(name, array(type, c.numbers("parameters", name), shape)));
    int batch = c.node().get("ids").size();
    int[] ids = Arrays.stream(Golden.numbers(c.node().get("ids"))).mapToInt(id -> (int) id).toArray();
    SameDiff sd = SameDiff.create();
    WindowGraph.build(sd, config, Window.of(config.contextLength()), type, kernels, parameters, Set.of());
    Map<String, INDArray> inputs = Map.of(WindowGraph.IDS, Nd4j.createFromArray(ids).reshape(batch, config.contextLength()),
        WindowGraph.NOISE, array(type, Golden.numbers(c.node().get("noise")), batch, config.contextLength(), config.latentDim()));

    List<String> latents = IntStream.range(0, config.flows().size()).mapToObj(WindowGraph::latent).toList();
    Map<String, INDArray> outputs = sd.output(inputs, Stream.concat(latents.stream(), Stream.of(WindowGraph.LOG_LIKELIHOOD)).toList());
    for (int l = 0; l < latents.size(); l++) {
      Errors.relative(single ? 2e-5 : 1e-12, level(c, l), numbers(outputs.get(latents.get(l))));
    }
    double[] elbo = Golden.numbers(c.node().get("elbo_nats"));
    Errors.relative(single ? 1e-5 : 1e-12, elbo, numbers(outputs.get(WindowGraph.LOG_LIKELIHOOD)));

    String[] names = parameters.keySet().toArray(String[]::new);
    sd.calculateGradients(inputs, names).forEach((name, gradient) -> Errors.gradient(single ? 5e-5 : 1e-11,
        Arrays.stream(c.numbers("grads", name)).map(g -> -g / config.contextLength()).toArray(), numbers(gradient)));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void thePlainStacksMapToNoiseAndBack(Golden.Case c) {
    TarFlowConfig config = config(c);
    Map<String, float[]> parameters = new HashMap<>();
    ParameterShapes.of(config).keySet().forEach(name -> parameters.put(name, floats(c.numbers("parameters", name))));
    StackTransform stack = new StackTransform(StackWeights.of(config, parameters::get));
    int levels = config.flows().size();
    int batch = c.node().get("ids").size();
    double[][] z = texts(batch, level(c, 0));
    double[][] u = texts(batch, level(c, levels));
    StackTransform.Forward forward = stack.forward(z);
    double[][] inverse = stack.inverse(u).latents().z();
    for (int b = 0; b < batch; b++) {
      double[] logDeterminant = new double[1];
      double[][] rows = new double[config.positions()][];
      Arrays.setAll(rows, t -> new double[config.channels()]);
      for (int t = 0; t < rows.length; t++) {
        System.arraycopy(z[b], t * config.channels(), rows[t], 0, config.channels());
      }
      double[][][] naive = new NaiveStack(config, parameters).forward(rows, logDeterminant);
      double total = 0;
      for (int l = 0; l < levels; l++) {
        double[] expected = texts(batch, level(c, l + 1))[b];
        Errors.relative(1e-12, expected, Arrays.stream(naive[l + 1]).flatMapToDouble(Arrays::stream).toArray());
        Errors.relative(2e-5, expected, forward.latents().h()[l + 1][b]);
        total += Golden.numbers(c.node().get("logdet"))[l * batch + b];
      }
      assertEquals(total, logDeterminant[0], 1e-11);
      Errors.relative(1e-4, z[b], inverse[b]);
    }
  }

  private static TarFlowConfig config(Golden.Case c) {
    return TarFlowConfig.fromJson(c.node().get("config").toString());
  }

  /** h^(l) of all texts. */
  private static double[] level(Golden.Case c, int l) {
    return Golden.numbers(c.node().get("latents").get(l));
  }

  private static double[][] texts(int batch, double[] all) {
    int length = all.length / batch;
    return IntStream.range(0, batch).mapToObj(b -> Arrays.copyOfRange(all, b * length, (b + 1) * length)).toArray(double[][]::new);
  }

  private static float[] floats(double[] values) {
    float[] result = new float[values.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = (float) values[i];
    }
    return result;
  }

  private static INDArray array(DataType type, double[] values, long... shape) {
    return Nd4j.createFromArray(values).reshape(shape).castTo(type);
  }

  private static double[] numbers(INDArray array) {
    return array.castTo(DataType.DOUBLE).dup('c').data().asDouble();
  }
}
