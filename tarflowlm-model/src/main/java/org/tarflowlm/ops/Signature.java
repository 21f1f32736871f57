package org.tarflowlm.ops;

import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The arrays of an op with their shapes, as {@link Op} declares them: {@code x [.., in], weight [in, out]}. Equal words stand for equal
 * sizes, and a number for itself. Two dots stand for any leading dimensions, which are the rows. All rows share an array without dots.
 */
record Signature(Op op, List<Array> inputs, List<Array> outputs) {
  private static final Pattern ARRAY = Pattern.compile("([^,\\]]+) \\[(.*?)\\]");
  private static final String ROWS = "..";

  /** An array: its name and, for each dimension, a number, a word or two dots. */
  record Array(String name, List<String> dimensions) {
    boolean isShared() {
      return !dimensions.contains(ROWS);
    }

    /** For each dimension its size, or its word if the size is not known. */
    private List<Object> shape(Map<String, List<Long>> known) {
      return dimensions.stream().<Object>flatMap(word -> known.containsKey(word) ? known.get(word).stream()
          : Stream.of(Character.isDigit(word.charAt(0)) ? Long.valueOf(word) : word)).toList();
    }
  }

  static Signature of(Op op) {
    return new Signature(op, arrays(op.in()), arrays(op.out()));
  }

  private static List<Array> arrays(String text) {
    return ARRAY.matcher(text).results()
        .map(each -> new Array(each.group(1).strip(), List.of(each.group(2).split(", ")))).toList();
  }

  /** Index of an array by its name; -1 if there is none. */
  static int indexOf(String name, List<Array> arrays) {
    return arrays.stream().map(Array::name).toList().indexOf(name);
  }

  /** Index of the first shared array; -1 if there is none. */
  static int firstShared(List<Array> arrays) {
    return arrays.stream().map(Array::isShared).toList().indexOf(true);
  }

  /**
   * Computes the shapes of the outputs. It checks the first input, then the shared ones (the model's parameters), then the others.
   *
   * @throws IllegalArgumentException if the shape of an input contradicts its declaration or an input checked before it
   */
  long[][] outputShapes(List<INDArray> arrays) {
    Map<String, List<Long>> sizes = new HashMap<>();
    IntStream.range(0, inputs.size()).boxed().sorted(Comparator.comparing(i -> i > 0 && !inputs.get(i).isShared()))
        .forEach(i -> match(inputs.get(i), arrays.get(i).shape(), sizes));
    return outputs.stream().map(each -> each.shape(sizes).stream().mapToLong(size -> (Long) size).toArray()).toArray(long[][]::new);
  }

  private void match(Array array, long[] found, Map<String, List<Long>> sizes) {
    int rows = found.length - array.dimensions().size() + 1;
    if (!array.isShared() && rows >= 0) {
      sizes.putIfAbsent(ROWS, Arrays.stream(found, 0, rows).boxed().toList());
    }
    List<Object> expected = array.shape(sizes);
    boolean fits = expected.size() == found.length;
    for (int i = 0; fits && i < found.length; i++) {
      if (expected.get(i) instanceof String word) {
        sizes.put(word, List.of(found[i]));
      } else {
        fits = expected.get(i).equals(found[i]);
      }
    }
    if (!fits) {
      throw new IllegalArgumentException(
          op.name() + ": shape of " + array.name() + " is " + Arrays.toString(found) + "; expected " + shown(expected, found));
    }
  }

  /** The expected shape for a message: an unknown size is shown as found, unless its word is one of the paper's capitals. */
  private static List<Object> shown(List<Object> expected, long[] found) {
    return expected.size() != found.length ? expected : IntStream.range(0, found.length).mapToObj(
        i -> expected.get(i) instanceof String word && Character.isLowerCase(word.charAt(0)) ? found[i] : expected.get(i)).toList();
  }
}
