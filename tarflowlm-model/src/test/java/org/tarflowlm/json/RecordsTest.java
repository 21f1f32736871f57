package org.tarflowlm.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tarflowlm.ScoringOptions;
import org.tarflowlm.checkpoint.CheckpointInfo;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelSize;
import org.tarflowlm.config.PaperConfigs;
import org.tarflowlm.config.TextFormat;
import org.tarflowlm.config.Variant;
import org.tarflowlm.generate.GenerationOptions;
import org.tarflowlm.nn.OptimizerSpec;
import org.tarflowlm.train.TrainingSpec;

class RecordsTest {
  static List<Record> records() {
    return List.of(GenerationOptions.defaults(), ScoringOptions.defaults(), OptimizerSpec.defaults(), TrainingSpec.of(7),
        CheckpointInfo.of("text8"), FlowSpec.mix1(1, 3, Direction.LEFT_TO_RIGHT),
        PaperConfigs.of(TextFormat.TEXT8, Variant.MIX_D, ModelSize.SMALL));
  }

  /** Every copying method names a component that exists: setting its own value gives an equal record. */
  @ParameterizedTest
  @MethodSource("records")
  void everyCopyingMethodNamesAComponent(Record record) throws ReflectiveOperationException {
    List<String> called = new ArrayList<>();
    for (Method method : record.getClass().getMethods()) {
      if (method.getName().matches("with[A-Z].*") && method.getParameterCount() == 1) {
        String component = method.getName().substring(4, 5).toLowerCase() + method.getName().substring(5);
        Object own = record.getClass().getMethod(component).invoke(record);
        assertEquals(record, method.invoke(record, own), method.toString());
        called.add(component);
      }
    }
    assertTrue(!called.isEmpty());
  }

  @Test
  void oneValueIsReplacedAndChecked() {
    assertEquals(new ScoringOptions(1, 9, Long.MAX_VALUE, 0, false), Records.with(ScoringOptions.defaults(), "samples", 9));
    assertThrows(ConfigException.class, () -> Records.with(ScoringOptions.defaults(), "samples", 0));
    assertThrows(IllegalArgumentException.class, () -> Records.with(ScoringOptions.defaults(), "sample", 9));
  }

  @Test
  void severalValuesGoOneAfterAnother() {
    OptimizerSpec spec = OptimizerSpec.constant(1e-2).withBetas(0.8, 0.9).withRateFactors(Map.of("flow0", 2.0));
    assertEquals(new OptimizerSpec(1e-2, 0, 1.0, 0.8, 0.9, null, null, null, null, Map.of("flow0", 2.0)), spec);
  }
}
