package org.tarflowlm.zoo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.zoo.PretrainedType;
import org.deeplearning4j.zoo.ZooModel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.ConfigException;
import org.tarflowlm.config.ModelSize;
import org.tarflowlm.config.PaperConfigs;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.RecordJson;
import org.tarflowlm.config.TextFormat;
import org.tarflowlm.config.Variant;
import org.tarflowlm.data.tokenize.Text8Alphabet;
import org.tarflowlm.nn.TarFlowNetwork;

class TarFlowZooModelTest {
  @Test
  void everyVariantOfEveryFormatBecomesANetwork() {
    for (Variant variant : Variant.values()) {
      assertNetwork(Text8TarFlow.builder().variant(variant).size(ModelSize.TINY).build());
      assertNetwork(Enwik8TarFlow.builder().variant(variant).size(ModelSize.TINY).build());
    }
    assertNetwork(OpenWebTextTarFlow.builder().size(ModelSize.TINY).build());
  }

  private static void assertNetwork(TarFlowZooModel model) {
    ComputationGraph network = model.init();
    assertEquals(ParameterShapes.parameterCount(model.config()), network.numParams());
    assertEquals(model.config(), TarFlowNetwork.layer(network).model());
    assertEquals(ComputationGraph.class, model.modelType());
  }

  @Test
  void freshNetworksTrain() {
    ComputationGraph network = Text8TarFlow.builder().size(ModelSize.TINY).contextLength(16).seed(5).build().init();
    int[] text = new Text8Alphabet().encode("the quick brown fox jumps over t");
    INDArray ids = Nd4j.createFromArray(text).reshape(2, 16);
    double before = network.score(new MultiDataSet(ids, ids));
    for (int step = 0; step < 12; step++) {
      network.fit(new MultiDataSet(ids, ids));
    }
    assertTrue(network.score(new MultiDataSet(ids, ids)) < before - 0.2);
  }

  @Test
  void paperSizeIsThePapers() {
    assertEquals(PaperConfigs.of(TextFormat.OPENWEBTEXT, Variant.MIX_1, ModelSize.PAPER),
        OpenWebTextTarFlow.builder().variant(Variant.MIX_1).size(ModelSize.PAPER).build().config());
  }

  @Test
  void contextLengthIsTheInputShape() {
    Text8TarFlow model = Text8TarFlow.builder().size(ModelSize.TINY).build();
    model.setInputShape(new int[][] {{48}});
    assertEquals(48, model.config().contextLength());
    model.setInputShape(new int[][] {{0}});
    assertThrows(ConfigException.class, model::init);
    assertThrows(ConfigException.class, () -> model.setInputShape(new int[][] {{3, 224, 224}}));
  }

  @Test
  void pretrainedWeightsComeFromTheClassPath(@TempDir Path root) throws Exception {
    Path zoo = root.resolve("org/tarflowlm/zoo");
    Checkpoint checkpoint = Fixtures.tiny();
    checkpoint.withInfo(checkpoint.info().withName("text8-mixd", "1", "Test."), null).save(zoo.resolve("text8-mixd"));
    ZooEntry entry = ZooEntry.describe(zoo.resolve("text8-mixd"), TextFormat.TEXT8, Variant.MIX_D);
    Files.writeString(zoo.resolve("index.json"), RecordJson.write(new ZooIndex.Document(List.of(entry))));
    withClassPath(root, () -> {
      Text8TarFlow model = Text8TarFlow.builder().build();
      assertTrue(model.pretrainedAvailable());
      assertTrue(model.pretrainedAvailable(TarFlowPretrained.TEXT8_MIX_D));
      assertEquals(checkpoint.tensors(), weights(model.initPretrained(), checkpoint));
      assertEquals(checkpoint.tensors(), weights(model.initPretrained(TarFlowPretrained.TEXT8_MIX_D), checkpoint));

      assertFalse(model.pretrainedAvailable(TarFlowPretrained.TEXT8_AFFINE));
      assertFalse(model.pretrainedAvailable(TarFlowPretrained.ENWIK8_MIX_D));
      assertFails("no checkpoint 'text8-affine' in the zoo; expected one of text8-mixd",
          () -> model.initPretrained(TarFlowPretrained.TEXT8_AFFINE));
      assertFails("checkpoint enwik8-mixd is made for ENWIK8; expected one for TEXT8",
          () -> model.initPretrained(TarFlowPretrained.ENWIK8_MIX_D));
      Text8TarFlow affine = Text8TarFlow.builder().variant(Variant.AFFINE).build();
      assertFalse(affine.pretrainedAvailable());
      assertFails("the zoo has no checkpoint for TEXT8 of variant AFFINE", affine::initPretrained);
    });
  }

  @Test
  void imageDataSetsAreNotAvailable() {
    ZooModel<ComputationGraph> model = Text8TarFlow.builder().build();
    for (PretrainedType each : PretrainedType.values()) {
      assertFalse(model.pretrainedAvailable(each));
      assertThrows(UnsupportedOperationException.class, () -> model.initPretrained(each));
    }
  }

  @Test
  void namedCheckpointsHaveIdsOfTheirOwn() {
    assertEquals(TarFlowPretrained.values().length,
        Arrays.stream(TarFlowPretrained.values()).map(TarFlowPretrained::id).distinct().count());
  }

  private static Object weights(ComputationGraph network, Checkpoint like) {
    return CheckpointNetworks.checkpoint(network, like.info(), null).tensors();
  }

  private static void assertFails(String expected, Runnable action) {
    CheckpointException e = assertThrows(CheckpointException.class, action::run);
    assertTrue(e.getMessage().contains(expected), e::getMessage);
  }

  /** Runs with a class path of this folder alone, as far as the zoo is concerned. */
  private static void withClassPath(Path root, Runnable action) throws IOException {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (URLClassLoader loader = new URLClassLoader(new URL[] {root.toUri().toURL()}, null)) {
      thread.setContextClassLoader(loader);
      action.run();
    } finally {
      thread.setContextClassLoader(before);
    }
  }
}
