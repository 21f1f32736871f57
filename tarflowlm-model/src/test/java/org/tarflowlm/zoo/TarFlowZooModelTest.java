package org.tarflowlm.zoo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.checkpoint.CheckpointException;
import org.tarflowlm.checkpoint.CheckpointNetworks;
import org.tarflowlm.checkpoint.Fixtures;
import org.tarflowlm.config.ModelSize;
import org.tarflowlm.config.PaperConfigs;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TextFormat;
import org.tarflowlm.config.Variant;
import org.tarflowlm.data.documents.Excerpt;
import org.tarflowlm.data.tokenize.Text8Alphabet;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.json.ConfigException;
import org.tarflowlm.json.RecordJson;
import org.tarflowlm.nn.TarFlowNetwork;

@SuppressWarnings("deprecation") // DL4J marks metaData so
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
    // the rate warms up over 50 updates; 12 updates lower the score only with the first update's noise
    for (int step = 0; step < 40; step++) {
      network.fit(new MultiDataSet(ids, ids));
    }
    double after = network.score(new MultiDataSet(ids, ids));
    assertTrue(after < before - 0.2, before + " " + after);
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
    assertArrayEquals(new int[][] {{48}}, model.metaData().getInputShape());
    model.setInputShape(new int[][] {{0}});
    assertThrows(ConfigException.class, model::init);
    assertThrows(ConfigException.class, () -> model.setInputShape(new int[][] {{3, 224, 224}}));
  }

  @Test
  void pretrainedWeightsComeFromTheClassPath(@TempDir Path root) throws Exception {
    Path zoo = root.resolve("org/tarflowlm/zoo");
    Checkpoint checkpoint = Fixtures.tiny();
    checkpoint.withInfo(checkpoint.info().withName("text8-mixd", "1", "Test."), null).save(zoo.resolve("text8-mixd"));
    ZooEntry entry = ZooEntry.describe(zoo.resolve("text8-mixd"));
    Files.writeString(zoo.resolve("index.json"), RecordJson.write(new ZooIndex.Document(List.of(entry))));
    withClassPath(root, () -> {
      Text8TarFlow model = Text8TarFlow.builder().variant(entry.variant()).build();
      assertTrue(model.pretrainedAvailable());
      assertEquals(checkpoint.tensors(), weights(model.initPretrained(), checkpoint));
      assertEquals(checkpoint.tensors(), weights(model.initPretrained("text8-mixd"), checkpoint));
      assertEquals(checkpoint.config(), model.config());

      String packaged = ". Packaged: text8-mixd (TEXT8, " + entry.variant();
      assertFails("no checkpoint 'text8-affine' in the zoo", () -> model.initPretrained("text8-affine"));
      assertFails("checkpoint text8-mixd is a model of TEXT8, variant " + entry.variant() + "; expected ENWIK8, " + entry.variant()
          + packaged, () -> Enwik8TarFlow.builder().variant(entry.variant()).build().initPretrained("text8-mixd"));
      Text8TarFlow affine = Text8TarFlow.builder().variant(Variant.AFFINE).build();
      assertFalse(affine.pretrainedAvailable());
      assertFails("the zoo has no checkpoint for TEXT8 of variant AFFINE" + packaged, affine::initPretrained);
    });
  }

  /** Loads every packaged checkpoint through its model class. The model describes its network truly, and the network takes a step. */
  @ParameterizedTest
  @ValueSource(strings = {"text8-mixd", "text8-mix1", "text8-affine-d", "text8-ar", "enwik8-mixd", "openwebtext-mixd"})
  void packagedWeightsTrain(String id) {
    ZooEntry entry = TarFlowZoo.entry(id);
    TarFlowZooModel model = switch (entry.format()) {
      case TEXT8 -> Text8TarFlow.builder().variant(entry.variant()).build();
      case ENWIK8 -> Enwik8TarFlow.builder().variant(entry.variant()).build();
      case OPENWEBTEXT -> OpenWebTextTarFlow.builder().variant(entry.variant()).build();
    };
    assertTrue(model.pretrainedAvailable());
    ComputationGraph network = model.initPretrained();
    assertEquals(entry.parameters(), network.numParams());
    assertEquals(model.config(), TarFlowNetwork.layer(network).model());
    assertArrayEquals(new int[][] {{model.config().contextLength()}}, model.metaData().getInputShape());
    Tokenizer tokenizer = Tokenizers.byName(entry.format().tokenizerName());
    int[] tokens = Arrays.copyOf(tokenizer.encode(Excerpt.text().substring(0, 400)), 32);
    INDArray ids = Nd4j.createFromArray(tokens).reshape(1, 32);
    double before = network.score(new MultiDataSet(ids, ids));
    assertTrue(before < Math.log(entry.format().vocabSize()), "trained: " + before + " nats a token");
    for (int step = 0; step < 2; step++) { // the rate of the first step is 0
      network.fit(new MultiDataSet(ids, ids));
    }
    double after = network.score(new MultiDataSet(ids, ids));
    assertTrue(Double.isFinite(after) && after != before, before + " " + after);
    network.close();
  }

  @Test
  void otherSizesAreRefusedWithTheListOfWhatIsPackaged() {
    assertFails("no weights of size PAPER are packaged for TEXT8; leave out size and context length to use the packaged ones. Packaged: "
        + "text8-mixd (TEXT8, MIX_D, 1,336,003 parameters), text8-mixd6 (", () -> Text8TarFlow.builder().size(ModelSize.PAPER).build()
        .initPretrained());
    assertFails("no weights of context length 64 are packaged for ENWIK8", () -> Enwik8TarFlow.builder().contextLength(64).build()
        .initPretrained());
    assertEquals(64, Enwik8TarFlow.builder().contextLength(64).build().config().contextLength());
  }

  @Test
  void imageDataSetsAreNotAvailable() {
    ZooModel<ComputationGraph> model = Text8TarFlow.builder().build();
    for (PretrainedType each : PretrainedType.values()) {
      assertFalse(model.pretrainedAvailable(each));
      String message = assertThrows(UnsupportedOperationException.class, () -> model.initPretrained(each)).getMessage();
      assertTrue(message.startsWith(each + " is an image data set; call initPretrained() or initPretrained(id). Packaged: "
          + "text8-mixd ("), message);
    }
  }

  private static Object weights(ComputationGraph network, Checkpoint like) {
    return CheckpointNetworks.checkpoint(network, like.info(), null).tensors();
  }

  private static void assertFails(String expected, Runnable action) {
    CheckpointException e = assertThrows(CheckpointException.class, action::run);
    assertTrue(e.getMessage().contains(expected), e::getMessage);
  }

  /** Runs with this folder alone on the class path, as far as the zoo is concerned. */
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
