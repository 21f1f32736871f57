package org.tarflowlm.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.LUDecomposition;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.TestModels;
import org.tarflowlm.config.ChannelDirection;
import org.tarflowlm.config.Coupling;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.ops.Ops;

/**
 * Flows of every coupling, direction and patch size are strictly causal in the reading order, and their log-determinant equals the numeric
 * Jacobian's.
 */
class FlowBlockTest {
  private static final DataType TYPE = DataType.DOUBLE;

  static Stream<Arguments> flows() {
    return Stream.concat(partialFlows(0), wholeFlows());
  }

  static Stream<Arguments> flowsThatMayLookAhead() {
    return Stream.concat(Stream.of(0, 1, 3, 20).flatMap(FlowBlockTest::partialFlows), wholeFlows());
  }

  private static Stream<Arguments> partialFlows(int lookAhead) {
    return Stream.of(Direction.values()).map(direction -> FlowSpec.tiedMixD(1, TestModels.VOCAB, direction)).flatMap(flow ->
        Stream.of(List.of(flow.onChannels(1, 2, lookAhead)), List.of(flow.onChannels(0, 1, 0)))).map(specs -> Arguments.of(specs, 1));
  }

  private static Stream<Arguments> wholeFlows() {
    return Stream.of(Direction.values()).flatMap(direction -> Stream.of(1, 2, 4).flatMap(patch -> Stream.of(
        List.of(FlowSpec.affine(2, direction)),
        List.of(FlowSpec.mix1(1, 3, direction)),
        List.of(FlowSpec.tiedMixD(1, TestModels.VOCAB, direction)),
        List.of(FlowSpec.mixD(1, 3, direction)),
        List.of(new FlowSpec(Coupling.AFFINE_D, 1, 3, direction, false)),
        List.of(FlowSpec.affine(1, direction).withChannelDirection(ChannelDirection.DESCENDING)),
        List.of(FlowSpec.mix1(1, 2, direction).withChannelDirection(ChannelDirection.DESCENDING)),
        List.of(FlowSpec.affine(1, direction), FlowSpec.affine(0, direction).withChannelDirection(ChannelDirection.DESCENDING),
            FlowSpec.mix1(0, 2, direction)),
        List.of(FlowSpec.mix1(1, 2, direction).withChannelDirection(ChannelDirection.DESCENDING), FlowSpec.mixD(0, 3, direction))
        ).map(specs -> Arguments.of(specs, patch))));
  }

  @ParameterizedTest
  @MethodSource("flows")
  void nothingBeforeAChangedPositionMoves(List<FlowSpec> specs, int patch) {
    Block block = new Block(specs, patch);
    double[] z = block.randomInput();
    double[] u = block.u(z);
    int channels = block.config.channels();
    int positions = z.length / channels;
    for (int changed = 0; changed < positions; changed++) {
      double[] other = z.clone();
      other[changed * channels] += 0.3;
      double[] moved = block.u(other);
      for (int position = 0; position < positions; position++) {
        boolean before = specs.get(0).direction() == Direction.LEFT_TO_RIGHT ? position < changed : position > changed;
        for (int c = 0; c < channels && before; c++) {
          assertEquals(u[position * channels + c], moved[position * channels + c], "position " + position + " for a change at " + changed);
        }
      }
      assertTrue(Math.abs(u[changed * channels] - moved[changed * channels]) > 1e-6);
    }
  }

  @ParameterizedTest
  @MethodSource("flowsThatMayLookAhead")
  void logDeterminantIsThatOfTheNumericJacobian(List<FlowSpec> specs, int patch) {
    Block block = new Block(specs, patch);
    double[] z = block.randomInput();
    int n = z.length;
    double step = 1e-6;
    Array2DRowRealMatrix jacobian = new Array2DRowRealMatrix(n, n);
    for (int j = 0; j < n; j++) {
      double[] above = z.clone();
      double[] below = z.clone();
      above[j] += step;
      below[j] -= step;
      double[] uAbove = block.u(above);
      double[] uBelow = block.u(below);
      for (int i = 0; i < n; i++) {
        jacobian.setEntry(i, j, (uAbove[i] - uBelow[i]) / (2 * step));
      }
    }
    double expected = Math.log(new LUDecomposition(jacobian).getDeterminant());
    assertEquals(expected, block.logDeterminant(z), 1e-5);
    double base = 0;
    for (double u : block.u(z)) {
      base += -0.5 * u * u - 0.5 * Math.log(2 * Math.PI);
    }
    assertEquals(expected + base, block.logDensity(z), 1e-5);
  }

  /** A flow and its in-token flows with random parameters, as a graph of their own over one window. */
  private static final class Block {
    private final TarFlowConfig config;
    private final SameDiff sd = SameDiff.create();

    Block(List<FlowSpec> specs, int patch) {
      Ops.register();
      TarFlowConfig plain = TestModels.stack(patch, specs.toArray(FlowSpec[]::new));
      config = specs.get(0).tied() ? plain : TestModels.withPatchHead(plain);
      Random random = new Random(2);
      Map<String, SDVariable> parameters = new LinkedHashMap<>();
      ParameterShapes.of(config).forEach((name, shape) -> {
        INDArray values = Nd4j.create(TYPE, shape);
        for (int i = 0; i < values.length(); i++) {
          values.putScalar(i, (name.contains("logS") ? -0.5 : 0) + 0.4 / specs.size() * random.nextGaussian());
        }
        parameters.put(name, sd.var(name, values));
      });
      int positions = config.positions();
      GraphScope scope = new GraphScope(sd, config, parameters, new ComposedPrimitives(sd, TYPE, positions),
          new KernelCouplings(sd), TYPE, config.contextLength(), null);
      SDVariable h = sd.placeHolder("h", TYPE, -1, positions, config.channels());
      SDVariable features = null;
      SDVariable logDeterminant = null;
      SDVariable logDensity = null;
      for (int l = 0; l < specs.size(); l++) {
        FlowBlock block = new FlowBlock(scope, l, new EncoderCodebook(scope));
        features = block.features(h, features);
        logDensity = plus(logDeterminant, block.logDensity(h, features));
        Couplings.Coupled flow = block.forward(h, features);
        logDeterminant = plus(logDeterminant, flow.logDeterminant());
        h = flow.u();
      }
      h.rename("u");
      logDeterminant.rename("logDeterminant");
      logDensity.rename("logDensity");
    }

    private static SDVariable plus(SDVariable sum, SDVariable terms) {
      return sum == null ? terms.sum() : sum.add(terms.sum());
    }

    double[] randomInput() {
      return new Random(4).doubles((long) config.contextLength() * config.latentDim(), -1.5, 1.5).toArray();
    }

    double[] u(double[] z) {
      return run("u", z).dup('c').data().asDouble();
    }

    double logDeterminant(double[] z) {
      return run("logDeterminant", z).sumNumber().doubleValue();
    }

    double logDensity(double[] z) {
      return run("logDensity", z).sumNumber().doubleValue();
    }

    private INDArray run(String output, double[] z) {
      Map<String, INDArray> inputs = new HashMap<>();
      inputs.put("h", Nd4j.createFromArray(z).reshape(1, config.positions(), config.channels()));
      return sd.output(inputs, List.of(output)).get(output);
    }
  }
}
