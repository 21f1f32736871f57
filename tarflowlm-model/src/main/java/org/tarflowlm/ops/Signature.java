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
 * The arrays of an op with their shapes, as {@link Op} has them: {@code x [.., in], weight [in, out]}. Equal words stand for equal sizes, a
 * number for itself, and two dots for any leading dimensions: these are the rows. An array without dots is shared by all rows.
 */
record Signature(Op op, List<Array> inputs, List<Array> outputs) {
  private static final Pattern ARRAY = Pattern.compile("([^,\\]]+) \\[(.*?)\\]");
  private static final String ROWS = "..";

  /** The name of an array, and a number, a word or two dots for each dimension. */
  record Array(String name, List<String> dimensions) {
    boolean isShared() {
      return !dimensions.contains(ROWS);
    }

    /** The sizes, or the words whose size is not known. */
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

  /** Index of the first shared one; -1 if there is none. */
  static int firstShared(List<Array> arrays) {
    return arrays.stream().map(Array::isShared).toList().indexOf(true);
  }

  /**
   * Shapes of the outputs.
   *
   * @throws IllegalArgumentException if an input does not have the shape that follows from the inputs before it; shared ones, which are
   *     the model's parameters, come right after the first input
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
          op.name() + ": expected " + array.name() + " of shape " + shown(expected, found) + ", found " + Arrays.toString(found));
    }
  }

  /** Sizes that may be any are shown as they were found, but for the paper's capital letters, which say more. */
  private static List<Object> shown(List<Object> expected, long[] found) {
    return expected.size() != found.length ? expected : IntStream.range(0, found.length).mapToObj(
        i -> expected.get(i) instanceof String word && Character.isLowerCase(word.charAt(0)) ? found[i] : expected.get(i)).toList();
  }
}
