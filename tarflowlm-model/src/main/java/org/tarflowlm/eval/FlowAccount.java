package org.tarflowlm.eval;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.coupling.Codebook;
import org.tarflowlm.coupling.Normal;
import org.tarflowlm.coupling.Workspace;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.eval.LatentMetrics.Spread;
import org.tarflowlm.flow.LatentDecoder;
import org.tarflowlm.flow.LatentEncoder;
import org.tarflowlm.flow.StackTransform;
import org.tarflowlm.flow.StackWeights;
import org.tarflowlm.nn.TarFlowLayer;

/**
 * Reports what each flow of a stack does to real text: the ELBO if the stack ended there, how far the flow moves latents, how many tokens
 * it makes decode differently, and the measures of the paper's appendix G.
 *
 * @param windows number of windows measured
 * @param tokens number of tokens in all windows together
 * @param levels h^(0) = z first, then the output of each flow, data to noise
 */
public record FlowAccount(int windows, long tokens, List<Level> levels) {
  private static final int BATCH = 16;

  /**
   * One level of the stack.
   *
   * @param flows how many flows produced this level: l of h^(l)
   * @param bits negative ELBO in bits per token if the stack ended here, that is, with h^(l) ~ N(0, I)
   * @param squaredChange mean over channels of (h^(l) - h^(l-1))^2; null for z
   * @param changedTokens share of tokens, 0 to 1, that decode differently from the level before; null for z
   * @param l2Norm mean Euclidean length of a sequence's token latents, with its spread over the windows
   * @param cosine mean pairwise cosine similarity in a sequence
   * @param participationRatio how many directions the latents of a sequence use, 1 to latentDim; null for windows of one token
   * @param centroidMovement distance of a sequence's mean latent from that of the level before; null for z
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Level(int flows, double bits, Double squaredChange, Double changedTokens, Spread l2Norm, Spread cosine,
      Spread participationRatio, Spread centroidMovement) {}

  /**
   * Measures a stack on a batch of text.
   *
   * @param text [windows][T] token ids; T at most the context length and a multiple of the patch size
   * @param seed of the encoder's noise; {@link Likelihood} uses the same noise for these windows in sequence
   * @throws IllegalArgumentException if there is no window, or windows differ in length or do not fit the model
   */
  public static FlowAccount of(StackWeights weights, int[][] text, long seed) {
    if (text.length == 0) {
      throw new IllegalArgumentException("there are no windows; expected at least one");
    }
    int flows = weights.config().flows().size();
    LatentEncoder encoder = new LatentEncoder(weights.codebook());
    Workspace workspace = new Workspace();
    double[] vae = new double[text.length]; // of each window, log p(x|z) - log q(z|x)
    double[][][] h = new double[flows + 1][text.length][];
    double[][] logDeterminants = new double[flows][text.length];
    for (int from = 0; from < text.length; from += BATCH) {
      int count = Math.min(BATCH, text.length - from);
      double[][] z = new double[count][];
      for (int b = 0; b < count; b++) {
        z[b] = encoder.encode(text[from + b], seed, 0, (from + b) * text[0].length);
        for (int t = 0; t < text[from + b].length; t++) {
          vae[from + b] += Codebook.vaeTerm(z[b], t * weights.config().latentDim(), weights.codebook(), workspace);
        }
      }
      StackTransform.Forward forward = new StackTransform(weights).forward(z);
      for (int l = 0; l <= flows; l++) {
        System.arraycopy(forward.latents().h()[l], 0, h[l], from, count);
        if (l < flows) {
          System.arraycopy(forward.logDeterminants()[l], 0, logDeterminants[l], from, count);
        }
      }
    }
    return of(weights, h, logDeterminants, vae);
  }

  /**
   * Like {@link #of(StackWeights, int[][], long)}, for windows of a text.
   *
   * @param windows measures at most this many windows, spread evenly over the text; a text shorter than the context length is one window
   * @throws org.tarflowlm.data.DataException if the text is shorter than a patch
   */
  public static FlowAccount of(StackWeights weights, TokenSequence text, int windows, long seed) {
    int patch = weights.config().patchSize();
    int length = (int) Math.min(weights.config().contextLength(), Math.max(patch, text.length() / patch * patch));
    return of(weights, TokenWindows.spread(text, length, windows), seed);
  }

  /** Like {@link #of(StackWeights, int[][], long)}, with a network's current weights. */
  public static FlowAccount of(TarFlowLayer layer, int[][] text, long seed) {
    return of(StackWeights.of(layer.model(), name -> {
      INDArray view = layer.getParam(name);
      return view == null ? null : view.dup('c').data().asFloat();
    }), text, seed);
  }

  private static FlowAccount of(StackWeights weights, double[][][] h, double[][] logDeterminants, double[] vae) {
    TarFlowConfig config = weights.config();
    LatentDecoder decoder = new LatentDecoder(weights.codebook());
    long tokens = (long) vae.length * h[0][0].length / config.latentDim();
    List<Level> levels = new ArrayList<>();
    double nats = -Arrays.stream(vae).sum();
    int[][] decodedBefore = null;
    double[][][] before = null;
    for (int l = 0; l < h.length; l++) {
      nats -= l == 0 ? 0 : Arrays.stream(logDeterminants[l - 1]).sum();
      double normal = Arrays.stream(h[l]).flatMapToDouble(Arrays::stream).map(Normal::logPdf).sum();
      int level = l;
      int[][] decoded = Arrays.stream(h[l]).map(sequence ->
          decoder.decodeLevel(level, sequence, 0, sequence.length / config.latentDim())).toArray(int[][]::new);
      double[][][] rows = Arrays.stream(h[l]).map(sequence -> LatentMetrics.rows(sequence, config.latentDim())).toArray(double[][][]::new);
      levels.add(new Level(l, (nats - normal) / tokens / Math.log(2), l == 0 ? null : squaredChange(h[l - 1], h[l]),
          l == 0 ? null : changed(decodedBefore, decoded), LatentMetrics.l2Norm(rows), LatentMetrics.cosine(rows),
          rows[0].length < 2 ? null : LatentMetrics.participationRatio(rows),
          l == 0 ? null : LatentMetrics.centroidMovement(before, rows)));
      decodedBefore = decoded;
      before = rows;
    }
    return new FlowAccount(vae.length, tokens, List.copyOf(levels));
  }

  private static double squaredChange(double[][] before, double[][] after) {
    double sum = 0;
    for (int b = 0; b < before.length; b++) {
      for (int i = 0; i < before[b].length; i++) {
        sum += (after[b][i] - before[b][i]) * (after[b][i] - before[b][i]);
      }
    }
    return sum / before.length / before[0].length;
  }

  private static double changed(int[][] before, int[][] after) {
    long count = 0;
    for (int b = 0; b < before.length; b++) {
      for (int t = 0; t < before[b].length; t++) {
        count += before[b][t] == after[b][t] ? 0 : 1;
      }
    }
    return (double) count / before.length / before[0].length;
  }
}
