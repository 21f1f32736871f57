package org.tarflowlm.nn;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A program that loads a saved graph and runs it, without naming any class of this project. Its arguments: the graph, a folder of the
 * placeholders' arrays, and the names of the outputs, which it writes to that folder.
 */
final class LoadedGraph {
  private LoadedGraph() {}

  public static void main(String[] arguments) throws IOException {
    SameDiff sd = SameDiff.load(new File(arguments[0]), false);
    Path folder = Path.of(arguments[1]);
    Map<String, INDArray> placeholders = new HashMap<>();
    for (String input : sd.inputs()) {
      placeholders.put(input, Nd4j.readBinary(folder.resolve(input).toFile()));
    }
    for (int i = 2; i < arguments.length; i++) {
      INDArray output = sd.output(placeholders, arguments[i]).get(arguments[i]);
      Nd4j.saveBinary(output.dup('c'), folder.resolve("out." + arguments[i]).toFile());
    }
    Files.createFile(folder.resolve("done"));
  }
}
