package org.tarflowlm.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.coupling.Components;

class SharedComponentsTest {
  private final INDArray means = Nd4j.createFromArray(new float[][] {{1, 2}, {3, 4}, {5, 6}});
  private final INDArray logScales = Nd4j.createFromArray(-1f, 0f, 1f);

  @Test
  void unchangedNumbersKeepTheirVersion() {
    long version = SharedComponents.of(means, logScales).version();
    assertEquals(version, SharedComponents.of(means.dup(), logScales.dup()).version());
  }

  @Test
  void everyChangeInPlaceIsNoticed() {
    long version = SharedComponents.of(means, logScales).version();
    means.putScalar(2, 1, 7);
    Components changed = SharedComponents.of(means, logScales);
    assertNotEquals(version, changed.version());
    assertArrayEquals(new double[] {1, 3, 5, 2, 4, 7}, Arrays.copyOf(changed.means, 6));
    version = changed.version();
    logScales.putScalar(0, -2);
    assertNotEquals(version, SharedComponents.of(means, logScales).version());
    assertEquals(Math.exp(2), changed.inverseScales[0], 1e-12);
  }

  @Test
  void arraysOfOtherSizesOrderAndTypeAreRead() {
    SharedComponents.of(means, logScales);
    Components fewer = SharedComponents.of(means.castTo(DataType.DOUBLE).dup('f').get(Nd4j.createFromArray(0, 2)).dup('f'),
        Nd4j.createFromArray(0.0, 1.0));
    assertEquals(2, fewer.count());
    assertArrayEquals(new double[] {1, 5, 2, 6}, Arrays.copyOf(fewer.means, 4));
  }
}
