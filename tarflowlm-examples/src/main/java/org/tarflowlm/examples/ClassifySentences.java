package org.tarflowlm.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.tarflowlm.data.documents.Excerpt;
import org.tarflowlm.data.documents.Text8Cleaner;
import org.tarflowlm.data.tokenize.Text8Alphabet;
import org.tarflowlm.nn.TarFlowFeatures;
import org.tarflowlm.zoo.Text8TarFlow;

/**
 * A classifier on the packaged model's features: which book does a sentence come from? The model is a frozen layer of a DL4J graph; mean
 * pooling and a softmax layer follow. The baseline is the same softmax layer on letter counts. Without files, the classifier tells
 * whether a sentence of the bundled excerpt is in order or backwards, which letter counts cannot tell.
 *
 * <p>A sentence is {@value #WORDS} words, since text8 has no full stops. The last fifth of each book is held out.
 */
public final class ClassifySentences {
  private static final int WORDS = 12;
  private static final int BATCH = 32;
  private static final int EPOCHS = 8;
  private static final int LETTERS = 27;
  private static final Text8Alphabet ALPHABET = new Text8Alphabet();

  private ClassifySentences() {}

  /** @param arguments training sentences per book, 400 if there is no number; then at least two text files, one per class */
  public static void main(String... arguments) throws IOException {
    boolean counted = arguments.length > 0 && arguments[0].matches("\\d+");
    int number = counted ? Integer.parseInt(arguments[0]) : 400;
    Map<String, List<String>> books = books(Arrays.copyOfRange(arguments, counted ? 1 : 0, arguments.length));

    List<Labelled> training = new ArrayList<>();
    List<Labelled> heldOut = new ArrayList<>();
    int label = 0;
    for (List<String> sentences : books.values()) {
      int cut = sentences.size() * 4 / 5;
      add(training, sentences.subList(0, cut), label, number);
      add(heldOut, sentences.subList(cut, sentences.size()), label++, Math.max(1, number / 2));
    }
    System.out.printf("%s: %d sentences to learn from, %d held out%n", String.join(", ", books.keySet()), training.size(), heldOut.size());

    TarFlowFeatures features = TarFlowFeatures.of(Text8TarFlow.builder().build().initPretrained(), 0);
    ComputationGraph onFeatures = network(0.01, graph -> graph
        .addLayer("features", features, "input")
        .addLayer("pooled", new GlobalPoolingLayer(PoolingType.AVG), "features")
        .addLayer("book", softmax(features.getWidth(), books.size()), "pooled"));
    for (int epoch = 1; epoch <= EPOCHS; epoch++) {
      batches(training, epoch).forEach(each -> onFeatures.fit(ids(each, books.size())));
    }
    ComputationGraph onLetters = network(0.1, graph -> graph.addLayer("book", softmax(LETTERS, books.size()), "input"));
    DataSet letters = letters(training, books.size());
    for (int step = 0; step < 1000; step++) {
      onLetters.fit(letters);
    }

    Evaluation ofLetters = new Evaluation(books.size());
    Evaluation ofFeatures = new Evaluation(books.size());
    for (List<Labelled> batch : batches(heldOut, 0)) {
      DataSet data = ids(batch, books.size());
      ofFeatures.eval(data.getLabels(), onFeatures.output(false, new INDArray[] {data.getFeatures()},
          new INDArray[] {data.getFeaturesMaskArray()})[0]);
      ofLetters.eval(data.getLabels(), onLetters.outputSingle(letters(batch, books.size()).getFeatures()));
    }
    System.out.printf(Locale.ROOT, "flow's features: %.1f %% right%n", 100 * ofFeatures.accuracy());
    System.out.printf(Locale.ROOT, "bag of letters:  %.1f %% right%n", 100 * ofLetters.accuracy());
  }

  /**
   * A sentence.
   *
   * @param book number of its class
   */
  private record Labelled(String sentence, int book) {}

  private static Map<String, List<String>> books(String... files) throws IOException {
    Map<String, List<String>> books = new LinkedHashMap<>();
    if (files.length == 0) {
      List<String> sentences = sentences(Excerpt.text());
      books.put("in order", sentences);
      books.put("backwards", sentences.stream().map(ClassifySentences::backwards).toList());
      return books;
    }
    for (String file : files) {
      List<String> sentences = sentences(Text8Cleaner.clean(Files.readString(Path.of(file))));
      if (sentences.size() < 5) {
        throw new IllegalArgumentException(file + " has " + sentences.size() + " sentences of " + WORDS + " words; expected at least 5");
      }
      books.put(Path.of(file).getFileName().toString(), sentences);
    }
    if (books.size() < 2) {
      throw new IllegalArgumentException("one book, " + String.join(", ", books.keySet()) + "; expected at least two, of different names");
    }
    return books;
  }

  private static List<String> sentences(String text) {
    String[] words = text.strip().split(" +");
    List<String> result = new ArrayList<>();
    for (int from = 0; from + WORDS <= words.length; from += WORDS) {
      result.add(String.join(" ", Arrays.copyOfRange(words, from, from + WORDS)));
    }
    return result;
  }

  private static String backwards(String sentence) {
    List<String> words = Arrays.asList(sentence.split(" "));
    Collections.reverse(words);
    return String.join(" ", words);
  }

  /** At most {@code count} sentences, drawn from all of them: the same indices for all books of the same length. */
  private static void add(List<Labelled> target, List<String> sentences, int book, int most) {
    List<String> drawn = new ArrayList<>(sentences);
    Collections.shuffle(drawn, new Random(1));
    drawn.stream().limit(most).forEach(each -> target.add(new Labelled(each, book)));
  }

  private static List<List<Labelled>> batches(List<Labelled> sentences, long seed) {
    List<Labelled> shuffled = new ArrayList<>(sentences);
    Collections.shuffle(shuffled, new Random(seed));
    List<List<Labelled>> result = new ArrayList<>();
    for (int from = 0; from < shuffled.size(); from += BATCH) {
      result.add(shuffled.subList(from, Math.min(shuffled.size(), from + BATCH)));
    }
    return result;
  }

  /** Ids [batch, time] with a mask, and the book of each sentence. */
  private static DataSet ids(List<Labelled> batch, int books) {
    int time = batch.stream().mapToInt(each -> each.sentence.length()).max().orElseThrow();
    int[][] ids = new int[batch.size()][time];
    float[][] mask = new float[batch.size()][time];
    for (int b = 0; b < ids.length; b++) {
      int[] tokens = ALPHABET.encode(batch.get(b).sentence);
      System.arraycopy(tokens, 0, ids[b], 0, tokens.length);
      Arrays.fill(mask[b], 0, tokens.length, 1);
    }
    return new DataSet(Nd4j.createFromArray(ids), labels(batch, books), Nd4j.createFromArray(mask), null);
  }

  /** Occurrences of each letter per ten characters, [batch, 27], and the book of each sentence. */
  private static DataSet letters(List<Labelled> batch, int books) {
    float[][] counts = new float[batch.size()][LETTERS];
    for (int b = 0; b < counts.length; b++) {
      int[] tokens = ALPHABET.encode(batch.get(b).sentence);
      for (int token : tokens) {
        counts[b][token] += 10f / tokens.length;
      }
    }
    return new DataSet(Nd4j.createFromArray(counts), labels(batch, books));
  }

  private static INDArray labels(List<Labelled> batch, int books) {
    INDArray labels = Nd4j.zeros(DataType.FLOAT, batch.size(), books);
    for (int b = 0; b < batch.size(); b++) {
      labels.putScalar(b, batch.get(b).book, 1);
    }
    return labels;
  }

  private static OutputLayer softmax(int inputs, int books) {
    return new OutputLayer.Builder().nIn(inputs).nOut(books).activation(Activation.SOFTMAX).build();
  }

  private static ComputationGraph network(double rate, UnaryOperator<GraphBuilder> layers) {
    ComputationGraph network = new ComputationGraph(layers.apply(new NeuralNetConfiguration.Builder().seed(1).updater(new Adam(rate))
        .graphBuilder().addInputs("input")).setOutputs("book").build());
    network.init();
    return network;
  }
}
