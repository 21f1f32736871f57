package org.tarflowlm.nn;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.nd4j.linalg.api.environment.Nd4jEnvironment;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.backend.HostMemory;
import org.tarflowlm.config.Coupling;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.graph.Window;
import org.tarflowlm.stock.MixtureTerms;

/**
 * Estimates how much of a device's memory a training step of the composed graph takes, from sizes alone. It counts parameters with gradient
 * and Adam's moments, and the arrays that the backward pass reads. The factors were measured on steps on the CPU.
 */
final class DeviceMemory {
  private static final double GIGABYTE = 1e9;
  /** Numbers per parameter: the parameter, its gradient, two moments and one temporary of the updater. */
  private static final int PER_PARAMETER = 5;
  /** Arrays [positions, width] that a transformer layer keeps. */
  private static final int PER_LAYER = 30;
  /** Arrays [heads, positions, positions] in use at once in one layer; between forward and backward pass, each layer keeps one. */
  private static final int PER_ATTENTION = 4;
  /** Arrays [tokens, vocabulary or mixtures] around logits. */
  private static final int PER_LOGITS = 4;
  /** Arrays of a slice of components in use at once. */
  private static final int PER_SLICE = 20;

  private DeviceMemory() {}

  /**
   * The window for a batch, as {@link ModelBatch#window} chooses it. On a device other than the CPU, checks first that the step fits.
   *
   * @throws IllegalArgumentException before anything is allocated, if the step needs more bytes than the device has
   */
  static Window fitting(TarFlowConfig config, ModelBatch batch, Window current) {
    Window window = batch.window(current);
    if (!HostMemory.isShared()) {
      require(config, batch.size(), window.tokens(), Device.BYTES);
    }
    return window;
  }

  static void require(TarFlowConfig config, long windows, int tokens, long available) {
    long needed = bytes(config, windows, tokens);
    if (needed > available) {
      throw new IllegalArgumentException(String.format(Locale.ROOT, "a step of %d windows of %d tokens needs about %.1f GB of the device, "
          + "which has %.1f GB; expected fewer windows per batch (training.accumulate adds up batches), or a smaller model", windows,
          tokens, needed / GIGABYTE, available / GIGABYTE));
    }
  }

  /** Bytes of a step in single precision. */
  static long bytes(TarFlowConfig config, long windows, int tokens) {
    return Float.BYTES * (PER_PARAMETER * ParameterShapes.parameterCount(config) + windows * numbers(config, tokens));
  }

  private static long numbers(TarFlowConfig config, long tokens) {
    if (!config.isFlow()) {
      return transformer(config, tokens, config.totalLayers()) + 2 * PER_LOGITS * tokens * config.vocabSize();
    }
    long positions = tokens / config.patchSize();
    // the codebook: one-hot rows; sums over all codes run in slices
    long kept = 2 * tokens * config.vocabSize();
    long passing = slice(tokens, config.latentDim(), config.vocabSize());
    for (FlowSpec flow : config.flows()) {
      kept += transformer(config, positions, flow.layers());
      if (flow.coupling() == Coupling.MIX_D) {
        kept += PER_LOGITS * tokens * flow.mixtures();
        passing = Math.max(passing, slice(tokens, config.latentDim(), flow.mixtures()));
      } else if (flow.coupling() == Coupling.AFFINE_D) {
        kept += PER_SLICE * tokens * config.latentDim() * flow.mixtures(); // AFFINE_D does not run in slices
      } else {
        long scalars = positions * config.channels();
        int outputs = flow.coupling() == Coupling.AFFINE ? 2 : 3 * flow.mixtures();
        kept += scalars * (6L * config.mafHidden() / 2 * config.mafLayers() + 10L * outputs);
        passing = Math.max(passing, PER_SLICE * scalars * 2 * flow.mixtures());
      }
    }
    return kept + passing;
  }

  private static long transformer(TarFlowConfig config, long positions, int layers) {
    long weights = config.heads() * positions * positions;
    return layers * (PER_LAYER * positions * config.width() + weights) + (PER_ATTENTION - 1) * weights;
  }

  private static long slice(long tokens, long dims, long components) {
    return PER_SLICE * tokens * (dims + 1) * components / MixtureTerms.slices(tokens, dims, components);
  }

  /** Memory of the largest device, as ND4J reports it; without a report there is no limit. */
  private static final class Device {
    static final long BYTES = bytes();

    private static long bytes() {
      Object devices = Nd4j.getExecutioner().getEnvironmentInformation().get(Nd4jEnvironment.CUDA_DEVICE_INFORMATION_KEY);
      return devices instanceof List<?> list ? list.stream()
          .map(each -> each instanceof Map<?, ?> device ? device.get(Nd4jEnvironment.CUDA_TOTAL_MEMORY_KEY) : null)
          .filter(Number.class::isInstance).mapToLong(total -> ((Number) total).longValue()).max().orElse(Long.MAX_VALUE)
          : Long.MAX_VALUE;
    }
  }
}
