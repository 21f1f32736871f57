package org.tarflowlm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.flow.LatentDecoder;
import org.tarflowlm.flow.LatentEncoder;
import org.tarflowlm.flow.StackTransform;
import org.tarflowlm.flow.StackWeights;
import org.tarflowlm.nn.TarFlowFeatures;
import org.tarflowlm.nn.TarFlowLayer;

/**
 * A model's latent space: tokens to latents and back by the codebook (paper section 3.1), latents to noise and back by the flows (section
 * 3.3). A text longer than the context length passes through the flows in independent windows, as in scoring. Thread-safe.
 */
final class LatentSpace {
  private static final int FEATURE_BATCH = 16;

  private final TarFlowConfig config;
  private final Tokenizer tokenizer;
  private final StackTransform stack;
  private final LatentEncoder encoder;
  private final LatentDecoder decoder;

  LatentSpace(StackWeights weights, Tokenizer tokenizer) {
    this.config = weights.config();
    this.tokenizer = tokenizer;
    this.stack = new StackTransform(weights);
    this.encoder = new LatentEncoder(weights.codebook());
    this.decoder = new LatentDecoder(weights.codebook());
  }

  /** Draws z = mu + sigma * noise for each token: [tokens][d]. */
  double[][] encode(String text, long seed) {
    return rows(encoder.encode(tokenizer.encode(text), seed));
  }

  /** The text of the most probable token for each latent; z is [tokens][d]. */
  String decode(double[][] z) {
    return tokenizer.decode(decoder.decode(flat("z", z)));
  }

  /**
   * A text at every level of the stack, h^(0) = z to h^(L) = u.
   *
   * @return [L + 1][tokens][d]
   * @throws DataException if the text is empty or does not fill its last patch
   */
  double[][][] levels(String text, long seed) {
    double[] z = encoder.encode(wholePatches(tokenizer.encode(text), config), seed);
    double[][][] result = new double[config.flows().size() + 1][z.length / config.latentDim()][];
    int token = 0;
    for (double[][] windows : windows(z)) {
      double[][][] h = stack.forward(windows).latents().h();
      for (int b = 0; b < windows.length; b++) {
        int count = windows[b].length / config.latentDim();
        for (int l = 0; l < h.length; l++) {
          System.arraycopy(rows(h[l][b]), 0, result[l], token, count);
        }
        token += count;
      }
    }
    return result;
  }

  /** The text that the flows make of the noise u, [tokens][d]. */
  String fromNoise(double[][] u) {
    return fromNoise(List.of(flat("u", u))).get(0);
  }

  /** Texts on the arc from one text's noise to another's, both ends included. */
  List<String> interpolate(String a, String b, int steps, long seed) {
    if (steps < 2) {
      throw new IllegalArgumentException("steps is " + steps + "; expected at least 2");
    }
    double[][][] from = levels(a, seed);
    double[][][] to = levels(b, seed);
    if (from[0].length != to[0].length) {
      throw new IllegalArgumentException("the texts have " + from[0].length + " and " + to[0].length + " tokens; expected equally many");
    }
    double[] start = flat("u", from[from.length - 1]);
    double[] end = flat("u", to[to.length - 1]);
    List<double[]> path = new ArrayList<>();
    for (int step = 0; step < steps; step++) {
      path.add(onArc(start, end, step / (steps - 1.0)));
    }
    return fromNoise(path);
  }

  /** Spherical interpolation: between two draws from N(0, I), it stays about as far from the origin as such draws are. */
  private static double[] onArc(double[] a, double[] b, double share) {
    ArrayRealVector from = new ArrayRealVector(a, false);
    ArrayRealVector to = new ArrayRealVector(b, false);
    double cosine = from.dotProduct(to) / Math.sqrt(from.dotProduct(from) * to.dotProduct(to));
    double angle = Math.acos(Math.max(-1, Math.min(1, cosine)));
    // between parallel vectors the arc is a straight line, and between opposite ones it is undefined: use the line for both
    double sine = Math.sin(angle);
    boolean line = !(sine > 1e-9);
    double weightA = line ? 1 - share : Math.sin((1 - share) * angle) / sine;
    double weightB = line ? share : Math.sin(share * angle) / sine;
    return from.combine(weightA, weightB, to).toArray();
  }

  /** Inverts equally long noises, [tokens * d] each, in one batch, and decodes them. */
  private List<String> fromNoise(List<double[]> noises) {
    int[][] tokens = new int[noises.size()][noises.get(0).length / config.latentDim()];
    List<List<double[][]>> cut = noises.stream().map(this::windows).toList();
    int token = 0;
    for (int part = 0; part < cut.get(0).size(); part++) {
      int number = part;
      int count = cut.get(0).get(part).length;
      double[][] u = cut.stream().flatMap(each -> Arrays.stream(each.get(number))).toArray(double[][]::new);
      double[][] z = stack.inverse(u).latents().z();
      int length = z[0].length / config.latentDim();
      for (int i = 0; i < z.length; i++) {
        System.arraycopy(decoder.decode(z[i]), 0, tokens[i / count], token + i % count * length, length);
      }
      token += count * length;
    }
    return Arrays.stream(tokens).map(tokenizer::decode).toList();
  }

  /** Splits latents into full windows [windows][T * d]; the rest is a shorter window of its own. */
  private List<double[][]> windows(double[] latents) {
    int length = config.contextLength() * config.latentDim();
    int full = latents.length / length;
    double[][] whole = new double[full][];
    Arrays.setAll(whole, w -> Arrays.copyOfRange(latents, w * length, (w + 1) * length));
    double[] rest = Arrays.copyOfRange(latents, full * length, latents.length);
    List<double[][]> result = new ArrayList<>();
    if (full > 0) {
      result.add(whole);
    }
    if (rest.length > 0) {
      result.add(new double[][] {rest});
    }
    return result;
  }

  private double[][] rows(double[] latents) {
    int d = config.latentDim();
    double[][] rows = new double[latents.length / d][];
    Arrays.setAll(rows, t -> Arrays.copyOfRange(latents, t * d, (t + 1) * d));
    return rows;
  }

  private double[] flat(String name, double[][] rows) {
    int d = config.latentDim();
    double[] result = new double[rows.length * d];
    for (int t = 0; t < rows.length; t++) {
      if (rows[t].length != d) {
        throw new IllegalArgumentException(name + "[" + t + "] has " + rows[t].length + " numbers; expected " + d);
      }
      for (int i = 0; i < d; i++) {
        if (!Double.isFinite(rows[t][i])) {
          throw new IllegalArgumentException(name + "[" + t + "][" + i + "] is " + rows[t][i] + "; expected a finite number");
        }
      }
      System.arraycopy(rows[t], 0, result, t * d, d);
    }
    if (name.equals("u") && (rows.length == 0 || rows.length % config.patchSize() != 0)) {
      throw new IllegalArgumentException("u has " + rows.length + " tokens; expected at least 1"
          + (config.patchSize() == 1 ? "" : ", in patches of " + config.patchSize()));
    }
    return result;
  }

  /** @throws DataException if there is no token, or the last patch is not full */
  static int[] wholePatches(int[] tokens, TarFlowConfig config) {
    if (tokens.length == 0 || tokens.length % config.patchSize() != 0) {
      throw new DataException("the text " + (tokens.length == 0 ? "is empty" : "has " + tokens.length + " tokens") + "; expected at least 1"
          + " token" + (config.patchSize() == 1 ? "" : ", in patches of " + config.patchSize()));
    }
    return tokens;
  }

  /** A flow's hidden states over a whole text, computed in independent windows: [tokens / patchSize][width]. */
  static double[][] features(TarFlowLayer layer, int[] tokens, int flow) {
    int patch = layer.model().patchSize();
    int length = layer.model().contextLength();
    double[][] result = new double[tokens.length / patch][];
    int read = 0;
    while (read < tokens.length) {
      int full = Math.min(FEATURE_BATCH, (tokens.length - read) / length);
      int windows = Math.max(1, full);
      int time = full == 0 ? tokens.length - read : length;
      int[] ids = Arrays.copyOfRange(tokens, read, read + windows * time);
      try (INDArray input = Nd4j.createFromArray(ids).reshape(windows, time);
          INDArray states = TarFlowFeatures.states(layer, input, flow)) {
        double[][] rows = states.reshape(ids.length / patch, states.size(2)).toDoubleMatrix();
        System.arraycopy(rows, 0, result, read / patch, rows.length);
      }
      read += ids.length;
    }
    return result;
  }

  static double[] mean(double[][] rows) {
    double[] mean = new double[rows[0].length];
    for (double[] row : rows) {
      for (int i = 0; i < mean.length; i++) {
        mean[i] += row[i] / rows.length;
      }
    }
    return mean;
  }
}
