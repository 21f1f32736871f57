package org.tarflowlm.kernel;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;
import java.util.Random;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.apache.logging.log4j.core.config.Configurator;
import org.bytedeco.javacpp.FloatPointer;

/**
 * Prints milliseconds a kernel at the shapes of one transformer layer, beside the matrix products in it alone; to be run by hand.
 * Arguments: batch time width heads [repetitions]. Threads: -Dtarflowlm.threads.
 */
public final class KernelTimings {
  private static final Logger LOG = LogManager.getLogger(KernelTimings.class);
  private static final ThreadMXBean THREAD = ManagementFactory.getThreadMXBean();
  private static final Random RANDOM = new Random(1);

  private final int batch;
  private final int time;
  private final int width;
  private final int heads;
  private final int rows;
  private final int repetitions;
  private double total;
  private double floor;

  private KernelTimings(String[] arguments) {
    batch = Integer.parseInt(arguments[0]);
    time = Integer.parseInt(arguments[1]);
    width = Integer.parseInt(arguments[2]);
    heads = Integer.parseInt(arguments[3]);
    repetitions = arguments.length > 4 ? Integer.parseInt(arguments[4]) : 40;
    rows = batch * time;
  }

  /** See the class comment. */
  public static void main(String[] arguments) {
    Configurator.setRootLevel(org.apache.logging.log4j.Level.INFO);
    new KernelTimings(arguments).run();
  }

  private void run() {
    LOG.info("batch {} time {} width {} heads {} threads {}", batch, time, width, heads, Parallel.threads());
    linear("qkv", width, 3 * width);
    linear("proj", width, width);
    linear("up", width, 4 * width);
    linear("down", 4 * width, width);
    attention();
    LOG.info(String.format("%-34s %7.3f ms", "matrix products of a layer", floor));
    layerNorm();
    biasGelu();
    embeddingAndLoss();
    LOG.info(String.format("%-34s %7.3f ms = %.2f x the products", "one layer (2 norms), all kernels", total, total / floor));
  }

  private void linear(String name, int in, int out) {
    FloatPointer x = random(rows * in);
    FloatPointer w = random(in * out);
    FloatPointer b = random(out);
    FloatPointer y = random(rows * out);
    FloatPointer dx = random(rows * in);
    FloatPointer dw = random(in * out);
    boolean residual = name.equals("proj") || name.equals("down");
    FloatPointer before = residual ? random(rows * out) : null;
    boolean bias = !name.equals("up");
    double flops = 2.0 * rows * in * out;
    int half = rows / Parallel.threads();
    double product = time(name + " product", flops, () -> Parallel.run(Parallel.threads(), i -> Gemm.run(false, false, half, out, in,
        1f, Scratch.get().view(0, x, (long) i * half * in), in, w, out, 0f, Scratch.get().view(1, y, (long) i * half * out), out)));
    floor += 3 * product;
    total += time(name + " forward", flops,
        () -> Linear.forward(x, w, bias ? b : null, before, y, rows, in, out));
    total += time(name + " backward", 2 * flops, () -> Linear.backward(x, w, y, dx, dw, bias ? b : null, rows, in, out));
  }

  private void attention() {
    FloatPointer qkv = random(rows * 3 * width);
    FloatPointer dQkv = random(rows * 3 * width);
    FloatPointer out = random(rows * width);
    double flops = 2.0 * batch * time * (time + 1) / 2 * width; // one product over the lower triangle
    // the floor: the same operations at the speed of the projection's product
    floor += 7 * flops / (6.0 * rows * width * width) * floorOfQkv();
    total += time("attention forward", 2 * flops, () -> CausalAttention.forward(qkv, out, batch, time, width, heads));
    total += time("attention backward", 5 * flops, () -> CausalAttention.backward(qkv, out, dQkv, batch, time, width, heads));
  }

  private double floorOfQkv() {
    FloatPointer x = random(rows * width);
    FloatPointer w = random(3 * width * width);
    FloatPointer y = random(rows * 3 * width);
    int half = rows / Parallel.threads();
    return time("qkv product again", 6.0 * rows * width * width, () -> Parallel.run(Parallel.threads(), i -> Gemm.run(false, false,
        half, 3 * width, width, 1f, Scratch.get().view(0, x, (long) i * half * width), width, w, 3 * width, 0f,
        Scratch.get().view(1, y, (long) i * half * 3 * width), 3 * width)));
  }

  private void layerNorm() {
    FloatPointer x = random(rows * width);
    FloatPointer y = random(rows * width);
    FloatPointer gain = random(width);
    FloatPointer dGain = random(width);
    FloatPointer dBias = random(width);
    total += 2 * time("layer norm forward", 0, () -> LayerNorm.forward(x, gain, gain, y, rows, width));
    total += 2 * time("layer norm backward", 0, () -> LayerNorm.backward(x, gain, x, y, dGain, dBias, rows, width));
  }

  private void biasGelu() {
    FloatPointer x = random(rows * 4 * width);
    FloatPointer y = random(rows * 4 * width);
    FloatPointer bias = random(4 * width);
    FloatPointer dBias = random(4 * width);
    total += time("gelu forward", 0, () -> BiasGelu.forward(x, bias, y, rows, 4 * width));
    total += time("gelu backward", 0, () -> BiasGelu.backward(x, bias, x, y, dBias, rows, 4 * width));
  }

  private void embeddingAndLoss() {
    int vocabulary = 27;
    FloatPointer table = random(vocabulary * width);
    FloatPointer e = random(rows * width);
    FloatPointer out = random(rows * width);
    FloatPointer position = random(time * width);
    FloatPointer start = random(width);
    int[] ids = RANDOM.ints(rows, 0, vocabulary).toArray();
    time("embedding forward", 0, () -> Embedding.forward(table, ids, e, vocabulary, width));
    time("embedding backward", 0, () -> Embedding.backward(e, ids, table, vocabulary, width));
    time("shift forward", 0, () -> ShiftPosition.forward(e, start, position, out, batch, time, width));
    time("shift backward", 0, () -> ShiftPosition.backward(out, e, start, position, batch, time, time, width));
    FloatPointer logits = random(rows * vocabulary);
    FloatPointer dLogits = random(rows * vocabulary);
    FloatPointer loss = random(rows);
    time("cross-entropy forward", 0, () -> CrossEntropy.forward(logits, ids, loss, rows, vocabulary));
    time("cross-entropy backward", 0, () -> CrossEntropy.backward(logits, ids, loss, dLogits, rows, vocabulary));
  }

  private double time(String name, double flops, Runnable kernel) {
    for (int i = 0; i < repetitions; i++) {
      kernel.run();
    }
    double[] times = new double[repetitions];
    for (int i = 0; i < repetitions; i++) {
      long start = now();
      kernel.run();
      times[i] = (now() - start) / 1e6;
    }
    Arrays.sort(times);
    double median = times[repetitions / 2];
    String speed = flops == 0 ? "" : String.format("%6.0f GFLOP/s", flops / times[0] / 1e6);
    LOG.info(String.format("%-34s %7.3f ms (min %7.3f) %s", name, median, times[0], speed));
    return median;
  }

  /** With one thread, the time it ran: a busy machine then disturbs less. */
  private static long now() {
    return Parallel.threads() == 1 ? THREAD.getCurrentThreadCpuTime() : System.nanoTime();
  }

  private static FloatPointer random(int length) {
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) RANDOM.nextGaussian();
    }
    return new FloatPointer(values);
  }
}
