package org.tarflowlm.bench;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.tarflowlm.bench.StepBenchmark.Shape;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;

/** Estimates a training step's memory before allocating any: if memory runs out, the system kills the process without a message. */
final class StepMemory {
  private static final double GIGABYTE = 1 << 30;
  /** Copies of each parameter: its value, its gradient and the optimiser's two moments. */
  private static final int COPIES = 4;
  /** Activations and gradients that a layer keeps per token, in multiples of the width; measured. */
  private static final int LAYER = 28;
  /** Numbers per token for each entry of the vocabulary: a logit and its gradient. */
  private static final int HEAD = 2;
  /** Numbers per token for each hidden unit of a masked head, and for each of its outputs; measured. */
  private static final int MASKED_UNIT = 8;
  private static final int MASKED_OUTPUT = 12;

  private StepMemory() {}

  /** An estimate of the bytes of a training step of this shape. */
  static double bytes(Shape shape) {
    double tokens = (double) shape.batch() * shape.sequence();
    int layers = shape.layers().stream().mapToInt(Integer::intValue).sum();
    TarFlowConfig config = shape.config();
    double each = (double) LAYER * layers * shape.width() + (double) HEAD * shape.vocab();
    if (config.isFlow()) {
      each += config.flows().stream().mapToDouble(flow -> maskedHead(flow, config)).sum();
    }
    return Float.BYTES * (COPIES * (double) ParameterShapes.parameterCount(config) + tokens * each);
  }

  /** Numbers per token that a flow's masked head keeps; 0 if it has none. */
  private static double maskedHead(FlowSpec flow, TarFlowConfig config) {
    double outputs = switch (flow.coupling()) {
      case AFFINE -> 2;
      case MIX_1 -> 3 * flow.mixtures();
      default -> 0;
    };
    return outputs == 0 ? 0 : config.latentDim() * (MASKED_UNIT * config.mafHidden() / 2.0 + MASKED_OUTPUT * outputs);
  }

  /** @throws IllegalArgumentException if a step of this shape needs more memory than is free now, or the shape is not a valid model's */
  static void requireRoom(Shape shape) {
    double needed = bytes(shape);
    double free = free();
    if (needed > free) {
      throw new IllegalArgumentException(String.format("a step of %s needs about %.1f GB; %.1f GB are free", Scaling.words(shape),
          needed / GIGABYTE, free / GIGABYTE));
    }
  }

  /** Bytes that the system reports as available; on Linux this includes memory that it can reclaim from caches. */
  private static double free() {
    double machine = ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getFreeMemorySize();
    try (Stream<String> lines = Files.lines(Path.of("/proc/meminfo"))) {
      return lines.filter(line -> line.startsWith("MemAvailable:")).findFirst()
          .map(line -> 1024 * Double.parseDouble(line.replaceAll("[^0-9]", ""))).orElse(machine);
    } catch (IOException | UncheckedIOException e) {
      return machine;
    }
  }
}
