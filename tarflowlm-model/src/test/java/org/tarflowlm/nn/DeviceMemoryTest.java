package org.tarflowlm.nn;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.CodebookSpec;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelSize;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.PaperConfigs;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.config.TextFormat;
import org.tarflowlm.config.Variant;
import org.tarflowlm.graph.KernelChoice;

class DeviceMemoryTest {
  private static TarFlowConfig model(FlowSpec... flows) {
    return new TarFlowConfig(ModelType.TARFLOW, 27, 64, 5, 32, 4, 1, null, List.of(flows), CodebookSpec.defaults(), null, null, null);
  }

  static Stream<Arguments> models() {
    TarFlowConfig mixd = model(FlowSpec.tiedMixD(2, 27, Direction.LEFT_TO_RIGHT), FlowSpec.mix1(1, 2, Direction.RIGHT_TO_LEFT));
    return Stream.of(Arguments.of("Mix-d", mixd),
        Arguments.of("Mix-1", model(FlowSpec.mix1(1, 27, Direction.LEFT_TO_RIGHT), FlowSpec.mix1(1, 27, Direction.RIGHT_TO_LEFT))),
        Arguments.of("affine", model(FlowSpec.affine(2, Direction.LEFT_TO_RIGHT))), Arguments.of("AR", mixd.autoregressiveTwin()),
        Arguments.of("many components",
            model(FlowSpec.mixD(1, 2000, Direction.LEFT_TO_RIGHT), FlowSpec.affine(1, Direction.LEFT_TO_RIGHT))));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("models")
  void theEstimateIsNearWhatAStepTakes(String name, TarFlowConfig config) {
    ComputationGraph network = TarFlowNetwork.create(config, OptimizerSpec.defaults(), 1, 1, KernelChoice.COMPOSED, List.of(),
        DataType.FLOAT);
    INDArray ids = Nd4j.zeros(DataType.INT32, 2, 64);
    network.fit(new MultiDataSet(ids, ids));
    double measured = TarFlowNetwork.layer(network).peakLiveBytes();
    double estimate = DeviceMemory.bytes(config, 2, 64) - 5 * Float.BYTES * network.numParams();
    assertTrue(estimate > 0.9 * measured && estimate < 1.6 * measured, name + ": estimate " + estimate + ", measured " + measured);
  }

  /** At the paper's OpenWebText size, all arrays besides the logits, two sets of their size and the transformers take less than 4 GB. */
  @Test
  void componentsAreTakenInSlices() {
    TarFlowConfig config = PaperConfigs.of(TextFormat.OPENWEBTEXT, Variant.MIX_D, ModelSize.PAPER);
    long sliced = DeviceMemory.bytes(config, 1, 1024);
    assertTrue(sliced < 16e9, sliced + " bytes");
    assertDoesNotThrow(() -> DeviceMemory.require(config, 1, 1024, 24_000_000_000L));
    String message = assertThrows(IllegalArgumentException.class,
        () -> DeviceMemory.require(config, 8, 1024, 24_000_000_000L)).getMessage();
    assertTrue(message.startsWith("a step of 8 windows of 1024 tokens needs about "), message);
    assertTrue(message.contains("which has 24.0 GB"), message);
    assertEquals(sliced, DeviceMemory.bytes(config, 1, 1024));
  }
}
