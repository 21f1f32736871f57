package org.tarflowlm.bench;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.FloatPointer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.tarflowlm.kernel.CausalAttention;
import org.tarflowlm.kernel.CrossEntropy;
import org.tarflowlm.kernel.Embedding;
import org.tarflowlm.kernel.FeedForward;
import org.tarflowlm.kernel.LayerNorm;
import org.tarflowlm.kernel.Linear;
import org.tarflowlm.kernel.NativeSetup;

/** The kernels of one transformer layer, milliseconds a call. Shapes are batch x time x width x heads. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class KernelBenchmarks {
  private static final int VOCAB = 27;
  /** Numbers in a line of the cache. */
  private static final int LINE = 16;

  @Param({"8x256x128x4", "4x128x256x8"})
  public String shape;

  private final Random random = new Random(1);
  private int batch;
  private int time;
  private int width;
  private int heads;
  private int rows;
  private int[] ids;
  private FloatPointer x;
  private FloatPointer wide;
  private FloatPointer wideGradient;
  private FloatPointer y;
  private FloatPointer weight;
  private FloatPointer weightGradient;
  private FloatPointer bias;
  private FloatPointer biasGradient;
  private FloatPointer gainGradient;
  private FloatPointer table;
  private FloatPointer logits;
  private FloatPointer logitsGradient;
  private FloatPointer loss;
  private FloatPointer logSums;
  private FloatPointer otherWeightGradient;

  @Setup
  public void fill() {
    NativeSetup.ensure();
    String[] sizes = shape.split("x");
    batch = Integer.parseInt(sizes[0]);
    time = Integer.parseInt(sizes[1]);
    width = Integer.parseInt(sizes[2]);
    heads = Integer.parseInt(sizes[3]);
    rows = batch * time;
    ids = random.ints(rows, 0, VOCAB).toArray();
    x = gaussian(rows * width);
    y = gaussian(rows * width);
    wide = gaussian(rows * 4 * width);
    wideGradient = gaussian(rows * 4 * width);
    weight = gaussian(4 * width * width);
    weightGradient = gaussian(4 * width * width);
    otherWeightGradient = gaussian(4 * width * width);
    bias = gaussian(4 * width);
    biasGradient = gaussian(4 * width);
    gainGradient = gaussian(4 * width);
    table = gaussian(VOCAB * width);
    logits = gaussian(rows * VOCAB);
    logitsGradient = gaussian(rows * VOCAB);
    loss = gaussian(rows);
    logSums = new FloatPointer((long) rows * heads);
    CausalAttention.forward(wide, y, logSums, batch, time, width, heads);
  }

  @Benchmark
  public void linearForward() {
    Linear.forward(x, weight, bias, null, wide, rows, width, 4 * width);
  }

  @Benchmark
  public void linearBackward() {
    Linear.backward(x, weight, wide, y, weightGradient, biasGradient, rows, width, 4 * width);
  }

  @Benchmark
  public void feedForward() {
    FeedForward.forward(x, weight, bias, weight, bias, x, y, wide, rows, width, 4 * width);
  }

  @Benchmark
  public void feedForwardBackward() {
    FeedForward.backward(x, weight, bias, weight, wide, y, wideGradient, weightGradient, biasGradient, otherWeightGradient, gainGradient,
        rows, width, 4 * width);
  }

  @Benchmark
  public void attentionForward() {
    CausalAttention.forward(wide, y, logSums, batch, time, width, heads);
  }

  @Benchmark
  public void attentionBackward() {
    CausalAttention.backward(wide, logSums, y, wideGradient, batch, time, width, heads);
  }

  @Benchmark
  public void layerNormForward() {
    LayerNorm.forward(x, bias, bias, y, rows, width);
  }

  @Benchmark
  public void layerNormBackward() {
    LayerNorm.backward(x, bias, x, y, gainGradient, biasGradient, rows, width);
  }

  @Benchmark
  public void embeddingForward() {
    Embedding.forward(table, ids, y, VOCAB, width);
  }

  @Benchmark
  public void embeddingBackward() {
    Embedding.backward(x, ids, table, VOCAB, width);
  }

  @Benchmark
  public void crossEntropyForward() {
    CrossEntropy.forward(logits, ids, loss, rows, VOCAB);
  }

  @Benchmark
  public void crossEntropyBackward() {
    CrossEntropy.backward(logits, ids, loss, logitsGradient, rows, VOCAB);
  }

  /** An array that begins a line of the cache, as a step's arrays do. */
  private FloatPointer gaussian(int length) {
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    FloatPointer memory = new FloatPointer((long) length + LINE);
    long past = memory.address() / Float.BYTES % LINE;
    return memory.getPointer((LINE - past) % LINE).put(values, 0, length);
  }
}
