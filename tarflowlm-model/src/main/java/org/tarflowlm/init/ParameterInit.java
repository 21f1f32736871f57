package org.tarflowlm.init;

import java.util.Map;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.CodebookSpec.Groups;
import org.tarflowlm.config.CodebookSpec.Layout;
import org.tarflowlm.config.Coupling;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.InitSpec;
import org.tarflowlm.config.InitSpec.Positions;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.latent.GaussianNoise;

/**
 * Initialises a model's parameters. Each parameter has its own stream of normal numbers, derived from the run's seed and the parameter's
 * name, so that adding a flow does not change the others.
 *
 * <p>The paper does not say how it initialises weights; {@link InitSpec} gives the reasons for our numbers.
 */
public final class ParameterInit {
  static final double HEAD_STD = 0.02;
  private static final double MAF_OUT_STD = 0.01;
  private static final double COMPONENT_STD = 0.5;
  /** Outermost means of a mixture that follows affine flows, in standard deviations of its input; below, its components' width. */
  private static final double BEHIND_AFFINE_RANGE = 1.5;
  private static final double BEHIND_AFFINE_WIDTH = 0.5;
  /** Longest wavelength of the sinusoids, in units of 2 pi positions. */
  private static final double LONGEST_WAVE = 10_000;

  private final TarFlowConfig config;
  private final long seed;

  public ParameterInit(TarFlowConfig config, long seed) {
    this.config = config;
    this.seed = seed;
  }

  /** Fills the arrays in place. */
  public void fill(Map<String, INDArray> parameters) {
    parameters.forEach(this::fill);
    for (int l = 0; l < config.flows().size() && config.isFlow(); l++) {
      String bias = "flow" + l + ".maf.out.bias";
      if (parameters.containsKey(bias)) {
        parameters.get(bias).assign(Nd4j.createFromArray(componentStart(l, parameters.get("codebook.mean"))));
      }
    }
    if (config.isFlow() && CodebookStart.fits(config)) {
      new CodebookStart(config, parameters).fill();
    }
  }

  private void fill(String name, INDArray array) {
    double std = standardDeviation(name, array);
    if (name.endsWith(".gain")) {
      array.assign(1.0);
    } else if (name.equals("codebook.mean") && config.codebook().layout() == Layout.GRID) {
      GridOrder.fill(array, config.codebook().meanScale(), config.codebook().order());
    } else if (name.endsWith(".position") && config.init().positions() == Positions.SINUSOIDAL) {
      sinusoids(array, std * Math.sqrt(2));
    } else if (name.equals("codebook.logSigma")) {
      array.assign(Math.log(config.codebook().sigma()));
    } else if (std == 0) {
      array.assign(0.0);
    } else {
      float[] values = new GaussianNoise(seed, 0).draw(name.hashCode(), Math.toIntExact(array.length()));
      array.assign(Nd4j.createFromArray(values).reshape(array.shape()).muli(std));
      if (name.equals("codebook.mean")) {
        shareMeans(array);
      }
    }
  }

  /** Gives all tokens of a group the means of its first token in the group's channels. */
  private void shareMeans(INDArray means) {
    int channel = 0;
    for (Groups groups : config.codebook().groups()) {
      for (int token = 0; token < config.vocabSize(); token++) {
        int first = groups.of().indexOf(groups.of().get(token));
        for (int c = channel; c < channel + groups.channels(); c++) {
          means.putScalar(token, c, means.getDouble(first, c));
        }
      }
      channel += groups.channels();
    }
  }

  private static void sinusoids(INDArray positions, double amplitude) {
    long width = positions.size(1);
    for (int t = 0; t < positions.size(0); t++) {
      for (int i = 0; i < width; i++) {
        double angle = t * Math.pow(LONGEST_WAVE, -(i - i % 2) / (double) width);
        positions.putScalar(t, i, amplitude * (i % 2 == 0 ? Math.sin(angle) : Math.cos(angle)));
      }
    }
  }

  private double standardDeviation(String name, INDArray array) {
    if (name.endsWith(".bias") || name.endsWith(".component.logScale")) {
      return 0;
    }
    InitSpec init = config.init();
    String last = name.substring(name.indexOf('.') + 1);
    double fanIn = array.size(0);
    return switch (last) {
      case "mean" -> config.codebook().meanScale(); // codebook.mean
      case "weight", "start" -> init.inputStd(); // embed.weight
      case "position" -> init.positionStd();
      case "in.weight", "look.weight" -> init.inputStd() / (latentScale(name) * Math.sqrt(fanIn));
      case "head.weight", "patch.out.weight" -> HEAD_STD;
      case "maf.features.weight", "patch.latents.weight" -> 1 / (latentScale(name) * Math.sqrt(fanIn));
      case "maf.out.weight" -> flowOf(name).isInToken() && flowOf(name).coupling() == Coupling.AFFINE
          || CodebookStart.reaches(config, indexOf(name)) ? 0 : MAF_OUT_STD;
      case "component.mean" -> COMPONENT_STD;
      default -> {
        boolean residual = last.endsWith("proj.weight") || last.endsWith("down.weight");
        yield 1 / Math.sqrt(residual ? 2.0 * layersAround(name) * fanIn : fanIn);
      }
    };
  }

  /** Typical size of the latents that a flow reads: the codebook's scale for the first flow, about 1 for the others. */
  private double latentScale(String name) {
    return name.startsWith("flow0.") || flowOf(name).isPartial() ? config.codebook().meanScale() : 1;
  }

  private int layersAround(String name) {
    return config.isFlow() ? flowOf(name).layers() : config.totalLayers();
  }

  private FlowSpec flowOf(String name) {
    return config.flows().get(indexOf(name));
  }

  private static int indexOf(String name) {
    return Integer.parseInt(name.substring("flow".length(), name.indexOf('.')));
  }

  /**
   * Where the components of an affine or Mix-1 flow start. {@link CodebookStart} puts them on the codebook itself. Another first flow puts
   * them on the levels of the codebook's grid if it has enough, or spreads them over the codebook's range. A mixture that follows only
   * affine flows, which pass on scaled codes, also spreads them, wide enough to let those flows move the codes. In-token affine flows start
   * at the identity, and all others near it, because otherwise each added flow would first ruin the likelihood.
   */
  private float[] componentStart(int flow, INDArray codebookMeans) {
    FlowSpec spec = config.flows().get(flow);
    int k = spec.mixtures();
    int logits = spec.coupling() == Coupling.AFFINE ? 0 : k;
    int channels = config.channels();
    boolean first = flow == 0;
    boolean reaches = CodebookStart.reaches(config, flow);
    boolean onCodebook = reaches && flow == config.init().codebookFlow();
    boolean spreads = first && !reaches;
    boolean behindAffine = !first && !reaches && logits > 0
        && config.flows().subList(0, flow).stream().allMatch(before -> before.coupling() == Coupling.AFFINE);
    double scale = config.codebook().meanScale();
    double unit = first ? scale : 1;
    double inner = config.init().innerSpread();
    int levels = GridOrder.levels(config.vocabSize(), config.latentDim());
    boolean onGrid = spreads && config.codebook().layout() == Layout.GRID && k >= levels;
    double width;
    if (onCodebook) {
      width = CodebookStart.factor(config) * config.codebook().sigma();
    } else if (onGrid) {
      width = config.codebook().sigma();
    } else if (spreads) {
      width = k == 1 ? scale : scale * 1.5 / Math.sqrt(k);
    } else if (behindAffine) {
      width = BEHIND_AFFINE_WIDTH;
    } else {
      width = spec.isInToken() && logits == 0 ? 1 : unit * Math.sqrt(1 - inner * inner);
    }
    NormalDistribution normal = new NormalDistribution(null, 0, 1);
    float[] result = new float[channels * (logits + 2 * k)];
    for (int c = 0; c < channels; c++) {
      int at = c * (logits + 2 * k) + logits;
      for (int i = 0; i < k; i++) {
        double mean;
        if (onCodebook) {
          mean = CodebookStart.factor(config) * codebookMeans.getDouble(i, c % config.latentDim());
        } else if (onGrid) {
          mean = GridOrder.level(i % levels, levels, scale);
        } else if (behindAffine) {
          mean = k == 1 ? 0 : BEHIND_AFFINE_RANGE * (2.0 * i / (k - 1) - 1);
        } else {
          mean = normal.inverseCumulativeProbability((i + 0.5) / k) * unit * (spreads ? 1 : inner);
        }
        result[at + i] = (float) mean;
        result[at + k + i] = (float) unbounded(Math.log(width));
      }
    }
    return result;
  }

  /** The raw number whose bounded log-scale, bound * tanh(raw / bound), is {@code logScale}. */
  private double unbounded(double logScale) {
    double bound = config.logScaleBound();
    double ratio = Math.max(-0.999, Math.min(0.999, logScale / bound));
    return bound * 0.5 * Math.log((1 + ratio) / (1 - ratio));
  }
}
