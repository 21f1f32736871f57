package org.tarflowlm.checkpoint.safetensors;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;

/** A stranger's weights give tensors or an IOException; see docs/reliability.md. */
class SafetensorsFuzzTest {
  @FuzzTest
  void safetensors(byte[] bytes) {
    try (SafetensorsReader reader = SafetensorsReader.open(bytes)) {
      for (String name : reader.tensors().keySet()) {
        reader.floats(name);
      }
    } catch (IOException e) {
      // The reader refuses the bytes.
    }
  }
}
