package org.tarflowlm.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.json.ConfigException;

/** Runs are stored on a file system that is not this machine's own. */
@ExtendWith(Cluster.class)
class RunStoreTest {
  @TempDir private Path folder;

  private String shared(String name) {
    return "shared://" + folder.resolve(name);
  }

  private RunStore store() throws IOException {
    return RunStore.of(shared("run"), Cluster.SPARK.sparkContext().hadoopConfiguration());
  }

  @Test
  void aKilledDriverIsReplacedByAnotherThatGoesOnToTheSameBits() throws Exception {
    new KilledDriver(shared("killed"), folder, List.of("spark.hadoop.fs.shared.impl=" + SharedFileSystem.class.getName())).isReplaced();
  }

  @Test
  void aCheckpointThatIsNotWholeDoesNotCount() throws IOException {
    RunStore first = store();
    first.requireNew();
    for (int step : new int[] {0, 4, 8}) {
      Files.createDirectories(first.folder().resolve("best"));
      Files.writeString(first.folder().resolve("best/weights"), "weights of step " + step);
      first.save(step);
    }
    assertFalse(Files.exists(folder.resolve("run/step-00000000")), "the store keeps the last of the older ones");
    assertLine("output folder " + shared("run") + " exists; expected a new or empty folder, or --resume", () -> store().requireNew());
    assertEquals("weights of step 8", restored());
    Files.writeString(folder.resolve("run/step-00000008/best/weights"), "cut");
    assertEquals("weights of step 4", restored());
    Files.delete(folder.resolve("run/step-00000008/_SUCCESS"));
    RunStore second = store();
    second.restore();
    second.save(8);
    assertEquals("weights of step 4", restored());
    assertLine("the run in " + shared("run") + " is at step 8 by now; expected step 4: another process has continued it", () -> {
      Files.move(folder.resolve("run/step-00000008"), folder.resolve("run/aside"));
      RunStore early = store();
      early.restore();
      Files.move(folder.resolve("run/aside"), folder.resolve("run/step-00000008"));
      early.save(12);
    });
  }

  private String restored() throws IOException {
    RunStore store = store();
    store.restore();
    return Files.readString(store.folder().resolve("best/weights"));
  }

  @Test
  void whatIsNotThereIsToldInOneLine() throws IOException {
    assertLine("nothing to resume in " + shared("run") + "; expected a folder step-N with _SUCCESS of an earlier run",
        () -> store().restore());
    Configuration hadoop = Cluster.SPARK.sparkContext().hadoopConfiguration();
    assertEquals("no such file: " + shared("none"), assertThrows(org.tarflowlm.data.DataException.class,
        () -> HadoopText.copy(shared("none"), hadoop)).getMessage());
    assertFalse(HadoopText.isOne("text8:test") || HadoopText.isOne("/a/b") || HadoopText.isOne("file:///a") || HadoopText.isOne("C://a"));
  }

  private static void assertLine(String message, org.junit.jupiter.api.function.Executable action) {
    assertEquals(message, assertThrows(ConfigException.class, action).getMessage());
  }
}
