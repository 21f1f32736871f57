package org.tarflowlm.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.ChannelDirection;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.flow.Sampling;
import org.tarflowlm.flow.StackTransform;
import org.tarflowlm.flow.StackWeights;
import org.tarflowlm.ops.FlowOps.FlowInverseOp;

class FlowInverseOpTest {
  private static final int VOCABULARY = 5;
  private static final TarFlowConfig CONFIG = new TarFlowConfig(ModelType.TARFLOW, VOCABULARY, 8, 2, 8, 2, 2, false,
      List.of(FlowSpec.tiedMixD(1, VOCABULARY, Direction.LEFT_TO_RIGHT), FlowSpec.mix1(1, 3, Direction.RIGHT_TO_LEFT),
          FlowSpec.affine(1, Direction.LEFT_TO_RIGHT),
          FlowSpec.affine(0, Direction.LEFT_TO_RIGHT).withChannelDirection(ChannelDirection.DESCENDING)), null, null, 16, null, 2, null);
  private static final Map<String, INDArray> PARAMETERS = new HashMap<>();

  @BeforeAll
  static void parameters() {
    Ops.register();
    Random random = new Random(3);
    ParameterShapes.of(CONFIG).forEach((name, shape) -> {
      INDArray array = Nd4j.create(DataType.FLOAT, shape);
      for (long i = 0; i < array.length(); i++) {
        array.putScalar(i, (name.endsWith("gain") ? 1.0 : 0.0) + 0.3 * random.nextGaussian());
      }
      PARAMETERS.put(name, array);
    });
  }

  /** A graph with one op per flow gives the stack's results. */
  @Test
  void aGraphOfInverseOpsEqualsTheStack() {
    StackTransform stack = new StackTransform(StackWeights.of(CONFIG, name -> PARAMETERS.get(name).dup().data().asFloat()));
    INDArray u = Nd4j.randn(DataType.DOUBLE, 3, 4, 4);
    double[][] sequences = new double[3][];
    for (int b = 0; b < 3; b++) {
      sequences[b] = u.slice(b).dup().data().asDouble();
    }
    double[][] expected = stack.inverse(sequences).latents().z();

    SameDiff sd = SameDiff.create();
    Map<String, SDVariable> variables = new HashMap<>();
    PARAMETERS.forEach((name, array) -> variables.put(name, sd.constant(name, array)));
    SDVariable h = sd.placeHolder("u", DataType.DOUBLE, -1, 4, 4);
    for (int l = 2; l >= 0; l--) {
      h = new FlowInverseOp(sd, CONFIG, l, Sampling.DEFAULT, h, null, variables::get).outputVariable();
    }
    INDArray z = sd.output(Map.of("u", u), h.name()).get(h.name());
    for (int b = 0; b < 3; b++) {
      for (int i = 0; i < 16; i++) {
        assertEquals(expected[b][i], z.getDouble(b, i / 4, i % 4), 1e-12);
      }
    }
  }

  /** Runs flow 1 on an array. */
  private static INDArray inverse(INDArray u) {
    SameDiff sd = SameDiff.create();
    List<INDArray> inputs = new ArrayList<>(List.of(u));
    FlowInverseOp op = new FlowInverseOp(sd, CONFIG, 1, Sampling.DEFAULT, sd.constant(u), null, name -> {
      inputs.add(PARAMETERS.get(name));
      return sd.constant(name, PARAMETERS.get(name));
    });
    return op.execute(inputs.toArray(INDArray[]::new))[0];
  }

  @Test
  void arraysAreInvertedAtOnceAndFloatsStayFloats() {
    INDArray u = Nd4j.randn(DataType.FLOAT, 2, 4, 4);
    INDArray z = inverse(u);
    INDArray wide = inverse(u.castTo(DataType.DOUBLE));
    assertEquals(DataType.FLOAT, z.dataType());
    assertTrue(wide.norm2Number().doubleValue() > 1);
    assertEquals(0.0, wide.castTo(DataType.FLOAT).sub(z).norm2Number().doubleValue(), 1e-6);
  }

  @Test
  void wrongShapesAreNamedAndThereIsNoGradient() {
    IllegalArgumentException thrown = assertThrows(IllegalArgumentException.class, () -> inverse(Nd4j.randn(DataType.FLOAT, 2, 5, 4)));
    assertEquals("tarflow_flow_inverse: shape of u is [2, 5, 4]; expected [batch, 1 to 4, 4]", thrown.getMessage());
    assertThrows(UnsupportedOperationException.class, () -> new FlowInverseOp().doDiff(List.of()));
  }
}
