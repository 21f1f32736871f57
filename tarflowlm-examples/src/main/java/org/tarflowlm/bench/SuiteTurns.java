package org.tarflowlm.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.DoubleSupplier;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.tarflowlm.bench.Suite.Figure;
import org.tarflowlm.bench.Suite.Topic;

/** Times the suite's work in turns, and collects the figures. */
final class SuiteTurns {
  private static final Logger LOG = LogManager.getLogger(SuiteTurns.class);

  private static final int WARM_UP_TURNS = 2;

  private final double seconds;
  private final int turns;
  private final BooleanSupplier interrupted;
  private final List<Figure> figures = new ArrayList<>();

  /** @param seconds length of a turn */
  SuiteTurns(double seconds, int turns, BooleanSupplier interrupted) {
    this.seconds = seconds;
    this.turns = turns;
    this.interrupted = interrupted;
  }

  double seconds() {
    return seconds;
  }

  int turns() {
    return turns;
  }

  List<Figure> figures() {
    return figures;
  }

  /** @throws InterruptedException if the user has asked the program to end */
  void check() throws InterruptedException {
    if (interrupted.getAsBoolean()) {
      throw new InterruptedException();
    }
  }

  /** Whether the user has asked the program to end. */
  boolean interrupted() {
    return interrupted.getAsBoolean();
  }

  /**
   * Repeats some work: first a warm-up as long as {@value #WARM_UP_TURNS} turns, then the turns. The warm-up and each turn have at least
   * one run.
   *
   * @param work does one run and returns its figure
   */
  void measure(Topic topic, String name, String unit, DoubleSupplier work) throws InterruptedException {
    measure(topic, unit, Map.of(name, work));
  }

  /**
   * As {@link #measure(Topic, String, String, DoubleSupplier)} with each work in every turn, so that no figure profits from the others'
   * warming up.
   *
   * @param works by their figures' names
   */
  void measure(Topic topic, String unit, Map<String, DoubleSupplier> works) throws InterruptedException {
    Map<String, List<Double>> medians = new LinkedHashMap<>();
    for (int turn = 0; turn <= turns; turn++) {
      for (Map.Entry<String, DoubleSupplier> each : works.entrySet()) {
        double median = median(each.getValue(), turn == 0 ? WARM_UP_TURNS : 1);
        if (turn > 0) {
          medians.computeIfAbsent(each.getKey(), name -> new ArrayList<>()).add(median);
        }
      }
    }
    medians.forEach((name, values) -> keep(topic, name, unit, values));
  }

  private double median(DoubleSupplier work, int lengths) throws InterruptedException {
    List<Double> runs = new ArrayList<>();
    long begin = System.nanoTime();
    do {
      check();
      runs.add(work.getAsDouble());
    } while (System.nanoTime() - begin < 1e9 * seconds * lengths);
    return Spread.of(runs).median();
  }

  /** @param values one value per turn */
  void keep(Topic topic, String name, String unit, List<Double> values) {
    keep(Figure.of(topic, name, unit, values));
  }

  void keep(Figure figure) {
    figures.add(figure);
    LOG.info("{}: {}: {} {}", figure.topic().name().toLowerCase(), figure.name(), figure.spread(), figure.unit());
  }
}
