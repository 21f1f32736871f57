package org.tarflowlm.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.tarflowlm.bench.StepBenchmark.Model;
import org.tarflowlm.bench.StepBenchmark.Shape;
import org.tarflowlm.graph.KernelChoice;

/** Measures how the times of a training step and a forward pass grow with each size of a model. A peer's step may alternate with ours. */
final class Scaling {
  private static final Logger LOG = LogManager.getLogger(Scaling.class);
  /** Share of a shape's time for its warm-up; the first shape's is longer, for the JIT compiler. */
  private static final double WARM_UP = 0.15;
  private static final double FIRST_WARM_UP = 0.6;
  /** Share of a shape's time for the training steps of a turn. */
  private static final double TURN = 0.08;
  private static final int LEAST_ROUNDS = 2;
  private static final int LEAST_STEPS = 3;
  private static final int MOST_STEPS = 200;
  /** Forward passes per step. A step takes as long as about three, so forward passes get half the time of steps. */
  private static final double FORWARDS_A_STEP = 1.5;

  /** A size to vary while the others stay the same. */
  enum Axis {
    WIDTH("width", "width"),
    LAYERS("layers", "layers"),
    WINDOW("seq", "window"),
    VOCAB("vocab", "vocabulary");

    /** Name of this size in a peer's command. */
    final String placeholder;
    final String title;

    Axis(String placeholder, String title) {
      this.placeholder = placeholder;
      this.title = title;
    }
  }

  /**
   * What to measure.
   *
   * @param batch windows per step
   * @param sizes sizes of every axis; the first size of each makes the base shape
   */
  record Plan(Model model, int batch, int heads, Map<Axis, List<Integer>> sizes) {
    /** The base shape with another size along one axis. */
    Shape shape(Axis axis, int size) {
      int[] all = Stream.of(Axis.values()).mapToInt(each -> each == axis ? size : sizes.get(each).get(0)).toArray();
      return new Shape(model, batch, all[Axis.WINDOW.ordinal()], all[Axis.WIDTH.ordinal()], List.of(all[Axis.LAYERS.ordinal()]), heads,
          all[Axis.VOCAB.ordinal()]);
    }

    /** The shapes along an axis. */
    List<Shape> along(Axis axis) {
      return sizes.get(axis).stream().map(size -> shape(axis, size)).toList();
    }
  }

  /**
   * Figures of one shape.
   *
   * @param axis axis along which the shape differs from the base shape
   * @param size size along that axis
   */
  record Row(Axis axis, int size, Shape shape, Figures figures) {}

  /**
   * Times of one shape.
   *
   * @param stepMs milliseconds of a training step
   * @param forwardMs milliseconds of a forward pass
   * @param peerMs milliseconds of the peer's training step; null without a peer
   * @param ratio our step's time divided by the peer's, for each pair of turns; null without a peer
   */
  record Figures(long parameters, Spread stepMs, Spread forwardMs, Spread peerMs, Spread ratio) {}

  private final Plan plan;
  private final String peer;
  private final int rounds;

  /**
   * @param peer command of another program ({@link Peer}), or null
   * @param rounds most turns of each shape
   */
  Scaling(Plan plan, String peer, int rounds) {
    this.plan = plan;
    this.peer = peer;
    this.rounds = rounds;
  }

  /**
   * Measures every shape once, even if it lies on several axes.
   *
   * @param seconds time for all shapes; each has at least {@value #LEAST_ROUNDS} turns of {@value #LEAST_STEPS} steps, however long they
   *     take
   * @throws IllegalArgumentException before measuring, if a shape does not fit into memory
   */
  List<Row> run(List<Axis> axes, double seconds) throws IOException, InterruptedException {
    List<Shape> shapes = axes.stream().flatMap(axis -> plan.along(axis).stream()).distinct().toList();
    for (Shape each : shapes) {
      StepMemory.requireRoom(each);
    }
    double end = now() + seconds;
    Map<Shape, Figures> found = new LinkedHashMap<>();
    for (int i = 0; i < shapes.size(); i++) {
      Figures figures = measure(shapes.get(i), (end - now()) / (shapes.size() - i), i == 0 ? FIRST_WARM_UP : WARM_UP);
      found.put(shapes.get(i), figures);
      LOG.info("{} of {}: {}: step {} ms{}", i + 1, shapes.size(), words(shapes.get(i)), figures.stepMs(),
          peer == null ? "" : ", peer " + figures.peerMs() + " ms");
    }
    return axes.stream().flatMap(axis -> IntStream.range(0, plan.sizes().get(axis).size()).mapToObj(i -> {
      Shape shape = plan.along(axis).get(i);
      return new Row(axis, plan.sizes().get(axis).get(i), shape, found.get(shape));
    })).toList();
  }

  /** A shape in words. */
  static String words(Shape shape) {
    return String.format("%d windows of %,d tokens, width %d, %d layers, %d heads, vocabulary %,d", shape.batch(), shape.sequence(),
        shape.width(), shape.layers().get(0), shape.heads(), shape.vocab());
  }

  private Figures measure(Shape shape, double seconds, double warmUp) throws IOException, InterruptedException {
    double begin = now();
    List<Double> step = new ArrayList<>();
    List<Double> forward = new ArrayList<>();
    List<Double> theirs = new ArrayList<>();
    List<Double> ratio = new ArrayList<>();
    try (StepBenchmark benchmark = new StepBenchmark(shape, KernelChoice.AUTO)) {
      List<Double> warm = new ArrayList<>();
      while (warm.size() < 2 || now() - begin < warmUp * seconds) {
        warm.add(benchmark.stepMs());
        benchmark.forwardMs();
      }
      double turnMs = 1e3 * TURN * seconds;
      int steps = (int) Math.max(LEAST_STEPS, Math.min(MOST_STEPS, turnMs / Spread.of(warm).median()));
      double round = 0;
      while (step.size() < LEAST_ROUNDS || step.size() < rounds && now() - begin + round < seconds) {
        double before = now();
        step.add(median(steps, benchmark::stepMs));
        forward.add(median((int) (FORWARDS_A_STEP * steps), benchmark::forwardMs));
        if (peer != null) {
          theirs.add(Peer.stepMs(peer, shape, steps));
          ratio.add(step.get(step.size() - 1) / theirs.get(theirs.size() - 1));
        }
        round = now() - before;
      }
      return new Figures(benchmark.network().numParams(), Spread.of(step), Spread.of(forward), peer == null ? null : Spread.of(theirs),
          peer == null ? null : Spread.of(ratio));
    }
  }

  private static double median(int times, DoubleSupplier work) {
    return Spread.of(IntStream.range(0, times).mapToObj(i -> work.getAsDouble()).toList()).median();
  }

  private static double now() {
    return System.nanoTime() / 1e9;
  }
}
