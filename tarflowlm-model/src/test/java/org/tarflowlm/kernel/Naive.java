package org.tarflowlm.kernel;

/** Every kernel once more, as tests' reference: in double precision, formulas as the paper writes them, without blocks. */
final class Naive {
  private Naive() {}

  /** y [rows, out] = x w + bias + residual; bias and residual may be null. */
  static double[] linear(double[] x, double[] w, double[] bias, double[] residual, int rows, int in, int out) {
    double[] y = new double[rows * out];
    for (int r = 0; r < rows; r++) {
      for (int o = 0; o < out; o++) {
        double sum = (bias == null ? 0 : bias[o]) + (residual == null ? 0 : residual[r * out + o]);
        for (int i = 0; i < in; i++) {
          sum += x[r * in + i] * w[i * out + o];
        }
        y[r * out + o] = sum;
      }
    }
    return y;
  }

  /** {dx, dw, dBias}. */
  static double[][] linearGradient(double[] x, double[] w, double[] dy, int rows, int in, int out) {
    double[] dx = new double[rows * in];
    double[] dw = new double[in * out];
    double[] db = new double[out];
    for (int r = 0; r < rows; r++) {
      for (int o = 0; o < out; o++) {
        double g = dy[r * out + o];
        db[o] += g;
        for (int i = 0; i < in; i++) {
          dx[r * in + i] += g * w[i * out + o];
          dw[i * out + o] += g * x[r * in + i];
        }
      }
    }
    return new double[][] {dx, dw, db};
  }

  static double[] layerNorm(double[] x, double[] gain, double[] bias, int rows, int width) {
    double[] y = new double[x.length];
    for (int r = 0; r < rows; r++) {
      double[] h = new double[width];
      normalise(x, r * width, h);
      for (int j = 0; j < width; j++) {
        y[r * width + j] = h[j] * gain[j] + bias[j];
      }
    }
    return y;
  }

  /** {dx, dGain, dBias}. */
  static double[][] layerNormGradient(double[] x, double[] gain, double[] dy, int rows, int width) {
    double[] dx = new double[x.length];
    double[] dGain = new double[width];
    double[] dBias = new double[width];
    for (int r = 0; r < rows; r++) {
      int at = r * width;
      double[] h = new double[width];
      double inverseDeviation = normalise(x, at, h);
      double meanA = 0;
      double meanAh = 0;
      for (int j = 0; j < width; j++) {
        dGain[j] += dy[at + j] * h[j];
        dBias[j] += dy[at + j];
        meanA += dy[at + j] * gain[j] / width;
        meanAh += dy[at + j] * gain[j] * h[j] / width;
      }
      for (int j = 0; j < width; j++) {
        dx[at + j] = inverseDeviation * (dy[at + j] * gain[j] - meanA - h[j] * meanAh);
      }
    }
    return new double[][] {dx, dGain, dBias};
  }

  private static double normalise(double[] x, int at, double[] h) {
    int width = h.length;
    double mean = 0;
    for (int j = 0; j < width; j++) {
      mean += x[at + j] / width;
    }
    double variance = 0;
    for (int j = 0; j < width; j++) {
      variance += (x[at + j] - mean) * (x[at + j] - mean) / width;
    }
    double inverseDeviation = 1 / Math.sqrt(variance + 1e-5);
    for (int j = 0; j < width; j++) {
      h[j] = (x[at + j] - mean) * inverseDeviation;
    }
    return inverseDeviation;
  }

  static double[] biasGelu(double[] x, double[] bias, int rows, int width) {
    double[] y = new double[x.length];
    for (int i = 0; i < rows * width; i++) {
      double v = x[i] + bias[i % width];
      y[i] = v * normalCdf(v);
    }
    return y;
  }

  /** {dx, dBias}. */
  static double[][] biasGeluGradient(double[] x, double[] bias, double[] dy, int rows, int width) {
    double[] dx = new double[x.length];
    double[] dBias = new double[width];
    for (int i = 0; i < rows * width; i++) {
      double v = x[i] + bias[i % width];
      dx[i] = dy[i] * (normalCdf(v) + v * Math.exp(-0.5 * v * v) / Math.sqrt(2 * Math.PI));
      dBias[i % width] += dx[i];
    }
    return new double[][] {dx, dBias};
  }

  /** Phi by its Taylor series around 0, all terms of one sign: slow, exact to 1e-15. */
  static double normalCdf(double v) {
    if (Math.abs(v) > 8.5) {
      return v < 0 ? 0 : 1;
    }
    double term = v;
    double sum = v;
    for (int n = 1; Math.abs(term) > 1e-18; n++) {
      term *= v * v / (2 * n + 1);
      sum += term;
    }
    return 0.5 + sum * Math.exp(-0.5 * v * v) / Math.sqrt(2 * Math.PI);
  }

  static double[] attention(double[] qkv, int batch, int time, int width, int heads) {
    double[] out = new double[batch * time * width];
    int hd = width / heads;
    for (int b = 0; b < batch; b++) {
      for (int h = 0; h < heads; h++) {
        for (int i = 0; i < time; i++) {
          double[] p = probabilities(qkv, b * time, i, h, width, hd);
          for (int j = 0; j <= i; j++) {
            for (int c = 0; c < hd; c++) {
              out[(b * time + i) * width + h * hd + c] += p[j] * qkv[(b * time + j) * 3 * width + 2 * width + h * hd + c];
            }
          }
        }
      }
    }
    return out;
  }

  static double[] attentionGradient(double[] qkv, double[] dOut, int batch, int time, int width, int heads) {
    double[] d = new double[qkv.length];
    int hd = width / heads;
    int stride = 3 * width;
    for (int b = 0; b < batch; b++) {
      for (int h = 0; h < heads; h++) {
        for (int i = 0; i < time; i++) {
          double[] p = probabilities(qkv, b * time, i, h, width, hd);
          double[] dp = new double[i + 1];
          double mean = 0;
          int q = (b * time + i) * stride + h * hd;
          int g = (b * time + i) * width + h * hd;
          for (int j = 0; j <= i; j++) {
            int k = (b * time + j) * stride + width + h * hd;
            for (int c = 0; c < hd; c++) {
              dp[j] += dOut[g + c] * qkv[k + width + c];
              d[k + width + c] += p[j] * dOut[g + c];
            }
            mean += p[j] * dp[j];
          }
          for (int j = 0; j <= i; j++) {
            int k = (b * time + j) * stride + width + h * hd;
            double ds = p[j] * (dp[j] - mean) / Math.sqrt(hd);
            for (int c = 0; c < hd; c++) {
              d[q + c] += ds * qkv[k + c];
              d[k + c] += ds * qkv[q + c];
            }
          }
        }
      }
    }
    return d;
  }

  private static double[] probabilities(double[] qkv, int sequence, int i, int head, int width, int hd) {
    double[] p = new double[i + 1];
    double max = Double.NEGATIVE_INFINITY;
    for (int j = 0; j <= i; j++) {
      for (int c = 0; c < hd; c++) {
        p[j] += qkv[(sequence + i) * 3 * width + head * hd + c] * qkv[(sequence + j) * 3 * width + width + head * hd + c];
      }
      p[j] /= Math.sqrt(hd);
      max = Math.max(max, p[j]);
    }
    double sum = 0;
    for (int j = 0; j <= i; j++) {
      p[j] = Math.exp(p[j] - max);
      sum += p[j];
    }
    for (int j = 0; j <= i; j++) {
      p[j] /= sum;
    }
    return p;
  }

  static double[] embedding(double[] table, int[] ids, int width) {
    double[] out = new double[ids.length * width];
    for (int i = 0; i < out.length; i++) {
      out[i] = table[ids[i / width] * width + i % width];
    }
    return out;
  }

  static double[] embeddingGradient(double[] dOut, int[] ids, int vocabulary, int width) {
    double[] d = new double[vocabulary * width];
    for (int i = 0; i < dOut.length; i++) {
      d[ids[i / width] * width + i % width] += dOut[i];
    }
    return d;
  }

  static double[] shiftPosition(double[] e, double[] start, double[] position, int batch, int time, int width) {
    double[] out = new double[e.length];
    for (int i = 0; i < out.length; i++) {
      int t = i / width % time;
      out[i] = position[t * width + i % width] + (t == 0 ? start[i % width] : e[i - width]);
    }
    return out;
  }

  /** {de, dStart, dPosition}. */
  static double[][] shiftPositionGradient(double[] dOut, int batch, int time, int maxTime, int width) {
    double[] de = new double[dOut.length];
    double[] dStart = new double[width];
    double[] dPosition = new double[maxTime * width];
    for (int i = 0; i < dOut.length; i++) {
      int t = i / width % time;
      dPosition[t * width + i % width] += dOut[i];
      if (t == 0) {
        dStart[i % width] += dOut[i];
      } else {
        de[i - width] = dOut[i];
      }
    }
    return new double[][] {de, dStart, dPosition};
  }

  static double[] crossEntropy(double[] logits, int[] ids, int rows, int vocabulary) {
    double[] loss = new double[rows];
    for (int r = 0; r < rows; r++) {
      loss[r] = logSumExp(logits, r * vocabulary, vocabulary) - logits[r * vocabulary + ids[r]];
    }
    return loss;
  }

  static double[] crossEntropyGradient(double[] logits, int[] ids, double[] dLoss, int rows, int vocabulary) {
    double[] d = new double[logits.length];
    for (int r = 0; r < rows; r++) {
      double total = logSumExp(logits, r * vocabulary, vocabulary);
      for (int j = 0; j < vocabulary; j++) {
        double p = Math.exp(logits[r * vocabulary + j] - total);
        d[r * vocabulary + j] = dLoss[r] * (p - (ids[r] == j ? 1 : 0));
      }
    }
    return d;
  }

  private static double logSumExp(double[] x, int at, int n) {
    double max = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < n; i++) {
      max = Math.max(max, x[at + i]);
    }
    double sum = 0;
    for (int i = 0; i < n; i++) {
      sum += Math.exp(x[at + i] - max);
    }
    return max + Math.log(sum);
  }
}
