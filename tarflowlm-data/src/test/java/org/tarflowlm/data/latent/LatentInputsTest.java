package org.tarflowlm.data.latent;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.datavec.api.records.reader.impl.transform.TransformProcessRecordReader;
import org.datavec.api.split.FileSplit;
import org.datavec.api.transform.TransformProcess;
import org.datavec.api.transform.schema.Schema;
import org.deeplearning4j.datasets.datavec.RecordReaderMultiDataSetIterator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.documents.Excerpt;
import org.tarflowlm.data.tokenize.Text8Alphabet;
import org.tarflowlm.data.tokens.TokenArray;
import org.tarflowlm.data.windows.Text8RecordReader;
import org.tarflowlm.data.windows.WindowIterator;

class LatentInputsTest {
  private static final int DIM = 5;

  private static WindowIterator windows(LatentPreProcessor latents) {
    TokenArray tokens = TokenArray.of(Excerpt.text(), new Text8Alphabet());
    WindowIterator it = WindowIterator.builder(tokens, 32).batch(8).shuffled(1).endless().build();
    it.setPreProcessor(latents);
    return it;
  }

  private static LatentCodebook codebook() {
    float[] means = new float[27 * DIM];
    float[] logScales = new float[27];
    for (int i = 0; i < means.length; i++) {
      means[i] = i;
    }
    for (int k = 0; k < 27; k++) {
      logScales[k] = -0.1f * k;
    }
    return new LatentCodebook(DIM, means, logScales);
  }

  @Test
  void noiseIsStandardNormal() {
    float[] eps = new GaussianNoise(7, 0).draw(3, 400_001);
    double[] moments = new double[5];
    int beyond2 = 0;
    double lagged = 0;
    for (int i = 0; i < eps.length; i++) {
      for (int m = 1; m <= 4; m++) {
        moments[m] += Math.pow(eps[i], m) / eps.length;
      }
      beyond2 += Math.abs(eps[i]) > 2 ? 1 : 0;
      lagged += i == 0 ? 0 : eps[i] * eps[i - 1] / eps.length;
    }
    assertEquals(0, moments[1], 0.006);
    assertEquals(1, moments[2], 0.01);
    assertEquals(0, moments[3], 0.02);
    assertEquals(3, moments[4], 0.06);
    assertEquals(0.0455, (double) beyond2 / eps.length, 0.0015);
    assertEquals(0, lagged, 0.006);
  }

  @Test
  void noiseRepeatsBySeedAndDiffersByWorkerAndStream() {
    float[] eps = new GaussianNoise(7, 0).draw(3, 50);
    assertArrayEquals(eps, new GaussianNoise(7, 0).draw(3, 50));
    for (int from : new int[] {1, 6, 17}) {
      assertArrayEquals(Arrays.copyOfRange(eps, from, from + 20), new GaussianNoise(7, 0).draw(3, from, 20), "from number " + from);
    }
    assertEquals(-0.40599608f, new GaussianNoise(1, 0).draw(0, 3)[0], "the same on every machine");
    for (float[] other : List.of(new GaussianNoise(8, 0).draw(3, 50), new GaussianNoise(7, 1).draw(3, 50),
        new GaussianNoise(7, 0).draw(4, 50))) {
      for (int i = 0; i < eps.length; i++) {
        assertNotEquals(eps[i], other[i]);
      }
    }
  }

  @Test
  void idsWithNoise() {
    MultiDataSet batch = windows(LatentPreProcessor.noise(DIM, 3, 0)).next();
    assertEquals(2, batch.getFeatures().length);
    assertArrayEquals(new long[] {8, 32}, batch.getFeatures(0).shape());
    assertEquals(DataType.INT32, batch.getFeatures(0).dataType());
    assertArrayEquals(new long[] {8, 32, DIM}, batch.getFeatures(1).shape());
    assertEquals(DataType.FLOAT, batch.getFeatures(1).dataType());
    assertEquals(batch.getFeatures(0), batch.getLabels(0));
  }

  @Test
  void batchesFoundBySeekHaveTheirOwnNoise() {
    WindowIterator a = windows(LatentPreProcessor.noise(DIM, 3, 0));
    List<INDArray> noise = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      noise.add(a.next().getFeatures(1));
    }
    assertNotEquals(noise.get(0), noise.get(1));
    WindowIterator b = windows(LatentPreProcessor.noise(DIM, 3, 0));
    b.seek(4);
    assertEquals(noise.get(4), b.next().getFeatures(1));
    assertEquals(noise.get(5), b.next().getFeatures(1));
    a.seek(0);
    assertEquals(noise.get(0), a.next().getFeatures(1));
    assertNotEquals(noise.get(0), windows(LatentPreProcessor.noise(DIM, 3, 1)).next().getFeatures(1), "another worker");
  }

  @Test
  void latentsAreMeanPlusScaledNoise() {
    LatentCodebook codebook = codebook();
    MultiDataSet z = windows(LatentPreProcessor.latents(codebook, 3, 0)).next();
    MultiDataSet eps = windows(LatentPreProcessor.noise(DIM, 3, 0)).next();
    assertEquals(1, z.getFeatures().length);
    assertEquals(DataType.INT32, z.getLabels(0).dataType());
    INDArray ids = z.getLabels(0);
    assertEquals(eps.getFeatures(0), ids);
    for (int b = 0; b < 8; b++) {
      for (int t = 0; t < 32; t++) {
        int id = ids.getInt(b, t);
        for (int c = 0; c < DIM; c++) {
          double expected = id * DIM + c + Math.exp(-0.1f * id) * eps.getFeatures(1).getDouble(b, t, c);
          assertEquals(expected, z.getFeatures(0).getDouble(b, t, c), 1e-4);
        }
      }
    }
  }

  @Test
  void codebooksFromArrays() {
    assertThrows(DataException.class, () -> new LatentCodebook(4, new float[27], new float[1]));
    assertThrows(DataException.class, () -> new LatentCodebook(1, new float[27], new float[2]));
    String message = assertThrows(DataException.class,
        () -> windows(LatentPreProcessor.latents(new LatentCodebook(1, new float[5], new float[1]), 0, 0)).next()).getMessage();
    assertTrue(message.contains("outside the codebook of 5 tokens"), message);
  }

  @TempDir private Path folder;

  private List<MultiDataSet> transformed(LatentTransform transform, int inputs) throws Exception {
    Path file = Files.writeString(folder.resolve("text"), Excerpt.text().substring(0, 5 * 32));
    Schema schema = new Schema.Builder().addColumnNDArray("ids", new long[] {1, 32}).addColumnNDArray("labels", new long[] {1, 32}).build();
    TransformProcess process = TransformProcess.fromJson(new TransformProcess.Builder(schema).transform(transform).build().toJson());
    TransformProcessRecordReader reader = new TransformProcessRecordReader(new Text8RecordReader(32), process);
    reader.initialize(new FileSplit(file.toFile()));
    RecordReaderMultiDataSetIterator.Builder builder = new RecordReaderMultiDataSetIterator.Builder(2).addReader("r", reader);
    for (int i = 0; i < inputs; i++) {
      builder.addInput("r", i, i);
    }
    RecordReaderMultiDataSetIterator it = builder.addOutput("r", inputs, inputs).build();
    List<MultiDataSet> batches = new ArrayList<>();
    while (it.hasNext()) {
      batches.add(it.next());
    }
    return batches;
  }

  @Test
  void dataVecTransformAddsNoise() throws Exception {
    List<MultiDataSet> batches = transformed(new LatentTransform("ids", DIM, null, 3, 0), 2);
    assertEquals(3, batches.size());
    assertArrayEquals(new long[] {2, 32}, batches.get(0).getFeatures(0).shape());
    assertArrayEquals(new long[] {2, 32, DIM}, batches.get(0).getFeatures(1).shape());
    assertArrayEquals(new long[] {2, 32}, batches.get(0).getLabels(0).shape());
    assertEquals(DataType.INT32, batches.get(0).getFeatures(0).dataType());
    assertEquals(DataType.FLOAT, batches.get(0).getFeatures(1).dataType());
    assertArrayEquals(drawn(0, batches.get(0), 0), batches.get(0).getFeatures(1).slice(0).reshape(-1).toFloatVector());
    assertArrayEquals(drawn(3, batches.get(1), 1), batches.get(1).getFeatures(1).slice(1).reshape(-1).toFloatVector());
  }

  private static float[] drawn(long number, MultiDataSet batch, int row) {
    int[] ids = batch.getFeatures(0).slice(row).toIntVector();
    return new GaussianNoise(3, 0).draw(GaussianNoise.stream(number, ids), 32 * DIM);
  }

  /** Two executors each hold a copy of a transform and count from 0. */
  @Test
  void executorsDrawDifferentNoiseForDifferentTexts() {
    INDArray a = Nd4j.createFromArray(1, 2, 3, 4).reshape(1, 4);
    INDArray b = Nd4j.createFromArray(1, 2, 3, 5).reshape(1, 4);
    assertEquals(new LatentTransform("ids", DIM, null, 3, 0).map(a), new LatentTransform("ids", DIM, null, 3, 0).map(a));
    assertNotEquals(new LatentTransform("ids", DIM, null, 3, 0).map(a), new LatentTransform("ids", DIM, null, 3, 0).map(b));
  }

  /** Texts of different lengths, in a batch as DL4J builds it. */
  @Test
  void sequencesKeepTheirMasks() {
    INDArray ids = Nd4j.createFromArray(new float[] {1, 2, 3, 4, 5, 0}).reshape(2, 1, 3);
    INDArray mask = Nd4j.createFromArray(new float[] {1, 1, 1, 1, 1, 0}).reshape(2, 3);
    MultiDataSet batch = new org.nd4j.linalg.dataset.MultiDataSet(new INDArray[] {ids}, new INDArray[] {ids}, new INDArray[] {mask},
        new INDArray[] {mask});
    LatentPreProcessor.noise(DIM, 3, 0).preProcess(batch);
    assertArrayEquals(new int[] {1, 2, 3, 4, 5, 0}, batch.getFeatures(0).reshape(6).toIntVector());
    assertEquals(DataType.INT32, batch.getFeatures(0).dataType());
    assertArrayEquals(new long[] {2, 3, DIM}, batch.getFeatures(1).shape());
    assertEquals(2, batch.getFeaturesMaskArrays().length);
    assertEquals(mask, batch.getLabelsMaskArray(0));
    assertEquals(batch.getFeatures(0), batch.getLabels(0));
  }

  @Test
  void dataVecTransformMakesLatents() throws Exception {
    List<MultiDataSet> batches = transformed(new LatentTransform("ids", DIM, codebook(), 3, 0), 1);
    INDArray z = batches.get(0).getFeatures(0);
    assertArrayEquals(new long[] {2, 32, DIM}, z.shape());
    int[] ids = new Text8Alphabet().encode(Excerpt.text().substring(0, 32));
    float[] expected = codebook().encode(ids, new GaussianNoise(3, 0).draw(GaussianNoise.stream(0, ids), 32 * DIM));
    assertArrayEquals(expected, z.slice(0).reshape(-1).toFloatVector());
  }
}
