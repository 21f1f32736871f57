package org.tarflowlm.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.checkpoint.safetensors.DType;
import org.tarflowlm.checkpoint.safetensors.FloatTensor;
import org.tarflowlm.checkpoint.safetensors.SafetensorsWriter;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.command.Json;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.AtomicFile;
import org.tarflowlm.data.tokens.TokenSequence;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Writes a text's latents and hidden states to a file. */
@Command(name = "latents", mixinStandardHelpOptions = true, description = {
    "Write a text's latents to a file for NumPy or PyTorch: z, the noise u, any level between, or the hidden states of a flow.",
    "Each window of the model's context length starts without context. Tokens at the end that do not fill a patch are left out."})
final class LatentsCommand extends BaseCommand {
  private static final Pattern NUMBERED = Pattern.compile("(h|features)(\\d{1,3})");
  private static final String NPY = "\u0093NUMPY\u0001\u0000";
  /** The array data must start at a multiple of this. */
  private static final int NPY_ALIGNMENT = 64;

  @Mixin
  private ModelOption model;

  @Option(names = "--input", required = true, paramLabel = "FILE", description = "The text, as for score; one document.")
  private String input;

  @Mixin
  private DocumentArguments documents;

  @Option(names = "--out", required = true, paramLabel = "FILE",
      description = "The file: .safetensors (F32, any number of arrays) or .npy (float64, one array).")
  private Path out;

  @Option(names = "--what", split = ",", paramLabel = "NAME", defaultValue = "z", description = "Arrays, separated by commas: z; u; "
      + "h0 (the same as z), h1, .. for the levels; features0, features1, .. for the hidden states of the flows. Default ${DEFAULT-VALUE}.")
  private List<String> what;

  @Option(names = "--mean", description = "Write the mean of the rows, one vector per array.")
  private boolean mean;

  @Option(names = "--max-tokens", paramLabel = "N", description = "Read only the first N tokens; default: all.")
  private int most = Integer.MAX_VALUE;

  @Option(names = "--seed", paramLabel = "S", defaultValue = "1", description = "Seed of the encoder's noise; default ${DEFAULT-VALUE}.")
  private long seed;

  @Option(names = "--json", description = "Print one JSON object: model, out, tokens, seed, arrays (their shapes by name).")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    boolean npy = out.toString().endsWith(".npy");
    require(npy || out.toString().endsWith(".safetensors"), "--out is " + out + "; expected a name that ends with .safetensors or .npy");
    require(!npy || what.size() == 1, "--what names " + what.size() + " arrays; a .npy file holds one");
    requireAtLeast("--max-tokens", most, 1);
    try (TarFlowLM loaded = model.load()) {
      String text = text(loaded);
      Map<String, double[][]> arrays = arrays(loaded, text);
      if (npy) {
        AtomicFile.write(out, stream -> writeNpy(stream, arrays.values().iterator().next()));
      } else {
        Map<String, FloatTensor> tensors = new LinkedHashMap<>();
        arrays.forEach((name, rows) -> tensors.put(name, tensor(rows)));
        AtomicFile.writeFile(out, file -> SafetensorsWriter.write(file, tensors, DType.F32,
            Map.of("model", loaded.name(), "seed", Long.toString(seed))));
      }
      report(loaded, loaded.tokenizer().encode(text).length, arrays);
    }
    return 0;
  }

  private String text(TarFlowLM loaded) {
    try (TokenSequence tokens = documents.corpora().open(input, loaded.tokenizer())) {
      int patch = loaded.config().patchSize();
      int count = (int) Math.min(tokens.length(), most) / patch * patch;
      if (count == 0) {
        throw new DataException(input + " has " + tokens.length() + " tokens; expected at least " + patch);
      }
      int[] ids = new int[count];
      tokens.read(0, ids, 0, count);
      String text = loaded.tokenizer().decode(ids);
      if (!Arrays.equals(ids, loaded.tokenizer().encode(text))) {
        throw new DataException(input + " holds tokens that no text encodes to, such as those between documents; expected one document");
      }
      return text;
    }
  }

  private Map<String, double[][]> arrays(TarFlowLM loaded, String text) {
    int flows = loaded.config().flows().size();
    double[][][] levels = null;
    Map<String, double[][]> arrays = new LinkedHashMap<>();
    for (String name : what) {
      Matcher numbered = NUMBERED.matcher(name.equals("z") ? "h0" : name.equals("u") ? "h" + flows : name);
      int most = name.startsWith("features") ? flows - 1 : flows;
      if (!numbered.matches() || Integer.parseInt(numbered.group(2)) > most) {
        throw new IllegalArgumentException("--what is " + name + "; expected z, u, h0 to h" + flows + " or features0 to features"
            + (flows - 1));
      }
      int number = Integer.parseInt(numbered.group(2));
      if (numbered.group(1).equals("h")) {
        levels = levels == null ? loaded.levels(text, seed) : levels;
      }
      double[][] rows = numbered.group(1).equals("h") ? levels[number] : loaded.features(text, number);
      arrays.put(name, mean ? new double[][] {mean(rows)} : rows);
    }
    return arrays;
  }

  private static double[] mean(double[][] rows) {
    double[] mean = new double[rows[0].length];
    Arrays.setAll(mean, i -> Arrays.stream(rows).mapToDouble(row -> row[i]).average().orElseThrow());
    return mean;
  }

  private static FloatTensor tensor(double[][] rows) {
    float[] values = new float[rows.length * rows[0].length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) rows[i / rows[0].length][i % rows[0].length];
    }
    return new FloatTensor(new long[] {rows.length, rows[0].length}, values);
  }

  private void report(TarFlowLM loaded, int tokens, Map<String, double[][]> arrays) {
    Map<String, int[]> shapes = new LinkedHashMap<>();
    arrays.forEach((name, rows) -> shapes.put(name, new int[] {rows.length, rows[0].length}));
    if (json) {
      out().println(Json.of(Json.object("model", loaded.name(), "out", out.toString(), "tokens", tokens, "seed", seed,
          "arrays", shapes)));
    } else {
      shapes.forEach((name, shape) -> out().println(name + " " + Arrays.toString(shape) + " in " + out));
    }
  }

  /** NumPy's file format for one array: version 1.0, little-endian doubles, row after row. */
  private static void writeNpy(OutputStream out, double[][] rows) throws IOException {
    String header = "{'descr': '<f8', 'fortran_order': False, 'shape': (" + rows.length + ", " + rows[0].length + "), }";
    int length = NPY.length() + Short.BYTES + header.length() + 1;
    header += " ".repeat((NPY_ALIGNMENT - length % NPY_ALIGNMENT) % NPY_ALIGNMENT) + "\n";
    out.write(NPY.getBytes(StandardCharsets.ISO_8859_1));
    out.write(ByteBuffer.allocate(Short.BYTES).order(ByteOrder.LITTLE_ENDIAN).putShort((short) header.length()).array());
    out.write(header.getBytes(StandardCharsets.ISO_8859_1));
    for (double[] row : rows) {
      ByteBuffer bytes = ByteBuffer.allocate(Double.BYTES * row.length).order(ByteOrder.LITTLE_ENDIAN);
      bytes.asDoubleBuffer().put(row);
      out.write(bytes.array());
    }
  }
}
