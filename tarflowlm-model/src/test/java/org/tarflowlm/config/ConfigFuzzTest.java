package org.tarflowlm.config;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import org.tarflowlm.json.ConfigException;
import org.tarflowlm.json.RecordJson;

/** A stranger's configuration describes a model or throws a ConfigException; see docs/reliability.md. */
class ConfigFuzzTest {
  @FuzzTest
  void config(byte[] bytes) {
    try {
      RecordJson.read(new String(bytes, StandardCharsets.UTF_8), TarFlowConfig.class);
    } catch (ConfigException e) {
      // The reader refuses the text.
    }
  }
}
