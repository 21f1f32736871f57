package org.tarflowlm.flow;

import java.util.Map;
import java.util.stream.IntStream;
import org.tarflowlm.config.ChannelDirection;
import org.tarflowlm.config.Coupling;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.coupling.Affine;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.coupling.MixtureCdf;
import org.tarflowlm.coupling.MixtureRosenblatt;
import org.tarflowlm.coupling.Normal;
import org.tarflowlm.coupling.Workspace;

/**
 * The stack from z to u as a reader would write it: double precision, full attention, masks as masks, nothing cached. It is the fast code's
 * reference.
 */
public final class NaiveStack {
  private final TarFlowConfig config;
  private final Map<String, float[]> parameters;
  private final Workspace workspace = new Workspace();
  /** Features of the last flow that had a transformer. */
  private double[][] features;

  public NaiveStack(TarFlowConfig config, Map<String, float[]> parameters) {
    this.config = config;
    this.parameters = parameters;
  }

  /** h^(0) .. h^(L) in the order of z, each [positions][D]; adds log-determinants to logDet[0]. */
  double[][][] forward(double[][] z, double[] logDet) {
    double[][][] h = new double[config.flows().size() + 1][][];
    h[0] = z;
    for (int l = 0; l < config.flows().size(); l++) {
      int trunks = config.trunks().indexOf(config.trunkOf(l));
      int mixes = config.channelMixing() ? trunks : 0;
      double[][] in = h[l].clone();
      for (int t = 0; t < in.length; t++) {
        for (int mix = 0; mix < mixes; mix++) {
          in[t] = mix(in[t]);
        }
      }
      h[l + 1] = flow(l, in, logDet);
      for (int t = 0; t < in.length; t++) {
        for (int mix = 0; mix < mixes; mix++) {
          h[l + 1][t] = unmix(h[l + 1][t]);
        }
      }
    }
    return h;
  }

  static double[] mix(double[] x) {
    double[] y = new double[x.length];
    int at = 0;
    for (int c = 0; c < x.length; c += 2) {
      y[at++] = x[c];
    }
    for (int c = 1; c < x.length; c += 2) {
      y[at++] = x[c];
    }
    return y;
  }

  private static double[] unmix(double[] y) {
    double[] x = new double[y.length];
    int at = 0;
    for (int c = 0; c < x.length; c += 2) {
      x[c] = y[at++];
    }
    for (int c = 1; c < x.length; c += 2) {
      x[c] = y[at++];
    }
    return x;
  }

  private double[][] flow(int l, double[][] in, double[] logDet) {
    FlowSpec spec = config.flows().get(l);
    double[][] z = read(spec, in);
    if (spec.layers() > 0) {
      features = transformer("flow" + l + ".", spec.layers(), linear("flow" + l + ".in", z));
    }
    double[][] u = new double[z.length][config.channels()];
    for (int t = 0; t < z.length; t++) {
      logDet[0] += spec.coupling() == Coupling.MIX_D ? mixture(l, spec, features[t], z[t], u[t]) : masked(l, spec, features[t], z[t], u[t]);
    }
    return read(spec, u);
  }

  /** Reverses into the flow's reading order, and back. */
  private static double[][] read(FlowSpec spec, double[][] x) {
    double[][] y = spec.direction() == Direction.RIGHT_TO_LEFT ? reversed(x) : x.clone();
    for (int t = 0; t < y.length && spec.channelDirection() == ChannelDirection.DESCENDING; t++) {
      double[] forward = y[t];
      y[t] = IntStream.range(0, forward.length).mapToDouble(c -> forward[forward.length - 1 - c]).toArray();
    }
    return y;
  }

  private double mixture(int l, FlowSpec spec, double[] features, double[] z, double[] u) {
    double[] logits = linear("flow" + l + ".head", new double[][] {features})[0];
    int k = spec.mixtures();
    int d = config.latentDim();
    String prefix = spec.tied() ? "codebook." : "flow" + l + ".component.";
    double[] logScale = doubles(spec.tied() ? "codebook.logSigma" : prefix + "logScale");
    if (spec.tied()) {
      for (int j = 0; j < k; j++) {
        logScale[j] = Math.max(logScale[j], Math.log(config.codebook().sigmaMin()));
      }
    }
    Components components = new Components(doubles(prefix + "mean"), logScale, k, d);
    double logDet = 0.0;
    for (int p = 0; p < config.patchSize(); p++) {
      MixtureRosenblatt.forward(z, p * d, logits, p * k, components, u, p * d, workspace);
      logDet += workspace.logDet();
    }
    return logDet;
  }

  private double masked(int l, FlowSpec spec, double[] features, double[] z, double[] u) {
    double[] raw = maskedHead("flow" + l + ".maf.", features, z);
    int channels = config.channels();
    int k = spec.mixtures();
    int numbers = spec.coupling() == Coupling.AFFINE ? 2 : 3 * k;
    double bound = config.logScaleBound();
    double logDet = 0.0;
    for (int i = 0; i < channels; i++) {
      for (int j = numbers - k; j < numbers; j++) {
        raw[i * numbers + j] = bound * Math.tanh(raw[i * numbers + j] / bound);
      }
      if (spec.coupling() == Coupling.AFFINE) {
        u[i] = Affine.forward(z[i], raw[2 * i], raw[2 * i + 1]);
        logDet -= raw[2 * i + 1];
      } else {
        u[i] = MixtureCdf.forward(z[i], raw, i * numbers, k, workspace);
        logDet += workspace.logDet();
      }
    }
    return logDet;
  }

  private double[] maskedHead(String prefix, double[] features, double[] x) {
    int channels = config.channels();
    int units = config.mafHidden() / 2;
    double[] hidden = linear(prefix + "context", new double[][] {features})[0];
    if (channels > 1) {
      int n = channels - 1;
      int e = ParameterShapes.mafEmbedding(config);
      double[] inputs = new double[3 * n];
      for (int i = 0; i < n; i++) {
        inputs[3 * i] = x[i];
        inputs[3 * i + 1] = elu(x[i]);
        inputs[3 * i + 2] = elu(-x[i]);
      }
      double[] feature = doubles(prefix + "features.bias");
      float[] weight = parameters.get(prefix + "features.weight");
      for (int o = 0; o < e * n; o++) {
        for (int i = 0; i < 3 * n; i++) {
          feature[o] += o / e >= i / 3 ? inputs[i] * weight[i * e * n + o] : 0.0;
        }
        feature[o] = elu(feature[o]);
      }
      float[] toHidden = parameters.get(prefix + "hidden.weight");
      for (int o = 0; o < units * channels; o++) {
        for (int i = 0; i < e * n; i++) {
          hidden[o] += o / units > i / e ? feature[i] * toHidden[i * units * channels + o] : 0.0;
        }
      }
    }
    for (int o = 0; o < hidden.length; o++) {
      hidden[o] = elu(hidden[o]);
    }
    for (int r = 1; r < config.mafLayers(); r++) {
      double[] more = throughMask(prefix + "residual" + r, hidden, units, units);
      for (int o = 0; o < hidden.length; o++) {
        hidden[o] += elu(more[o]);
      }
    }
    return throughMask(prefix + "out", hidden, units, parameters.get(prefix + "out.bias").length / channels);
  }

  /** A linear map whose block i reads the blocks up to i. */
  private double[] throughMask(String name, double[] in, int perSource, int perTarget) {
    double[] out = doubles(name + ".bias");
    float[] weight = parameters.get(name + ".weight");
    for (int o = 0; o < out.length; o++) {
      for (int i = 0; i < in.length; i++) {
        out[o] += o / perTarget >= i / perSource ? in[i] * weight[i * out.length + o] : 0.0;
      }
    }
    return out;
  }

  /** Features of every position from the embedded inputs of all positions. */
  public double[][] transformer(String prefix, int layers, double[][] embedded) {
    double[] start = doubles(prefix + "start");
    double[] position = doubles(prefix + "position");
    int width = config.width();
    double[][] x = new double[embedded.length][width];
    for (int t = 0; t < x.length; t++) {
      for (int c = 0; c < width; c++) {
        x[t][c] = (t == 0 ? start[c] : embedded[t - 1][c]) + position[t * width + c];
      }
    }
    for (int i = 0; i < layers; i++) {
      String block = prefix + "block" + i + ".";
      add(x, linear(block + "proj", attention(linear(block + "qkv", norm(block + "norm1", x)))));
      double[][] hidden = linear(block + "up", norm(block + "norm2", x));
      for (double[] row : hidden) {
        for (int c = 0; c < row.length; c++) {
          row[c] = gelu(row[c]);
        }
      }
      add(x, linear(block + "down", hidden));
    }
    return norm(prefix + "norm", x);
  }

  private double[][] attention(double[][] qkv) {
    int width = config.width();
    int headWidth = width / config.heads();
    double[][] out = new double[qkv.length][width];
    for (int h = 0; h < config.heads(); h++) {
      for (int t = 0; t < qkv.length; t++) {
        double[] p = new double[t + 1];
        double total = 0.0;
        for (int s = 0; s <= t; s++) {
          for (int c = 0; c < headWidth; c++) {
            p[s] += qkv[t][h * headWidth + c] * qkv[s][width + h * headWidth + c];
          }
          p[s] = Math.exp(p[s] / Math.sqrt(headWidth));
          total += p[s];
        }
        for (int s = 0; s <= t; s++) {
          for (int c = 0; c < headWidth; c++) {
            out[t][h * headWidth + c] += p[s] / total * qkv[s][2 * width + h * headWidth + c];
          }
        }
      }
    }
    return out;
  }

  public double[][] linear(String name, double[][] x) {
    float[] weight = parameters.get(name + ".weight");
    float[] bias = parameters.get(name + ".bias");
    double[][] y = new double[x.length][bias.length];
    for (int t = 0; t < x.length; t++) {
      for (int o = 0; o < bias.length; o++) {
        y[t][o] = bias[o];
        for (int i = 0; i < x[t].length; i++) {
          y[t][o] += x[t][i] * weight[i * bias.length + o];
        }
      }
    }
    return y;
  }

  private double[][] norm(String name, double[][] x) {
    double[] gain = doubles(name + ".gain");
    double[] bias = doubles(name + ".bias");
    double[][] y = new double[x.length][gain.length];
    for (int t = 0; t < x.length; t++) {
      double mean = 0.0;
      double square = 0.0;
      for (double v : x[t]) {
        mean += v / gain.length;
      }
      for (double v : x[t]) {
        square += (v - mean) * (v - mean) / gain.length;
      }
      for (int c = 0; c < gain.length; c++) {
        y[t][c] = (x[t][c] - mean) / Math.sqrt(square + 1e-5) * gain[c] + bias[c];
      }
    }
    return y;
  }

  private double[] doubles(String name) {
    return StackWeights.widen(parameters.get(name));
  }

  private static void add(double[][] x, double[][] y) {
    for (int t = 0; t < x.length; t++) {
      for (int c = 0; c < x[t].length; c++) {
        x[t][c] += y[t][c];
      }
    }
  }

  private static double[][] reversed(double[][] x) {
    double[][] y = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      y[t] = x[x.length - 1 - t];
    }
    return y;
  }

  private static double elu(double x) {
    return x > 0 ? x : Math.expm1(x);
  }

  private static double gelu(double x) {
    return x * Math.exp(Normal.logCdf(x));
  }
}
