package org.tarflowlm.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.spark.SparkConf;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.checkpoint.CheckpointInfo;
import org.tarflowlm.checkpoint.safetensors.FloatTensor;
import org.tarflowlm.config.CodebookSpec;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.ParameterShapes;
import org.tarflowlm.config.TarFlowConfig;

/** All test classes share one Spark with two executors, each a JVM with one core. The extension ends Spark after all tests. */
final class Cluster implements BeforeAllCallback {
  static final SparkSession SPARK = start();

  @Override
  public void beforeAll(ExtensionContext context) {
    context.getRoot().getStore(ExtensionContext.Namespace.GLOBAL)
        .getOrComputeIfAbsent("spark", key -> (ExtensionContext.Store.CloseableResource) SPARK::stop);
  }

  private static SparkSession start() {
    try {
      Files.createDirectories(Path.of(System.getenv("SPARK_HOME"), "jars"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    SparkConf conf = TarFlowSpark.configure(new SparkConf()).setAppName("tests")
        .setMaster(System.getProperty("tarflowlm.test.master", "local-cluster[2,1,600]"))
        .set("spark.executor.memory", "600m").set("spark.executor.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        .set("spark.ui.enabled", "false").set("spark.sql.shuffle.partitions", "2")
        .set("spark.hadoop.fs.shared.impl", SharedFileSystem.class.getName())
        .set("spark.executor.extraClassPath", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    return SparkSession.builder().config(conf).getOrCreate();
  }

  /** Rows "id, text" in the given number of partitions. */
  static Dataset<Row> texts(List<String> texts, int partitions) {
    StructType schema = new StructType().add("id", DataTypes.LongType).add("text", DataTypes.StringType);
    return SPARK.createDataFrame(IntStream.range(0, texts.size()).mapToObj(i -> RowFactory.create((long) i, texts.get(i))).toList(), schema)
        .repartition(partitions);
  }

  /** All rows in the order of their id. Spark's own sort would evaluate them twice. */
  static List<Row> collect(Dataset<Row> rows) {
    return rows.collectAsList().stream().sorted(Comparator.comparingLong(row -> row.getLong(0))).toList();
  }

  /** The executors' processes. */
  static List<ProcessHandle> executors() {
    try (Stream<ProcessHandle> all = ProcessHandle.current().descendants()) {
      return all.filter(ProcessHandle::isAlive).toList(); // Java cannot read their command lines, which are too long
    }
  }

  /**
   * Starts a job and, once its first task has ended, ends one executor, as a broken machine would. It listens rather than asks: a stage of
   * two short tasks is over before anyone asks about it.
   */
  static void killAnExecutorAfterTheFirstTask(Thread job) throws InterruptedException {
    CountDownLatch ended = new CountDownLatch(1);
    SparkListener listener = new SparkListener() {
      @Override
      public void onTaskEnd(SparkListenerTaskEnd task) {
        ended.countDown();
      }
    };
    SPARK.sparkContext().addSparkListener(listener);
    try {
      job.start();
      while (!ended.await(20, TimeUnit.MILLISECONDS) && job.isAlive()) {
        // goes on waiting
      }
      if (!job.isAlive()) {
        throw new IllegalStateException("the job ended before an executor could be killed");
      }
      executors().get(0).destroyForcibly();
    } finally {
      SPARK.sparkContext().removeSparkListener(listener);
    }
  }

  /** One flow of each coupling, about three thousand parameters. */
  static TarFlowConfig tinyConfig() {
    return new TarFlowConfig(ModelType.TARFLOW, 27, 8, 3, 8, 2, 1, false, List.of(
        FlowSpec.tiedMixD(1, 27, Direction.LEFT_TO_RIGHT),
        FlowSpec.mix1(1, 2, Direction.RIGHT_TO_LEFT),
        FlowSpec.affine(1, Direction.LEFT_TO_RIGHT)), CodebookSpec.defaults(), null, 8, null);
  }

  static Checkpoint tiny() {
    Random random = new Random(11);
    Map<String, FloatTensor> tensors = new LinkedHashMap<>();
    ParameterShapes.of(tinyConfig()).forEach((name, shape) -> {
      float[] values = new float[(int) ParameterShapes.length(shape)];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) (name.equals("codebook.logSigma") ? -2.3 : name.endsWith(".gain") ? 1 : 0.3 * random.nextGaussian());
      }
      tensors.put(name, new FloatTensor(shape, values));
    });
    return new Checkpoint(tinyConfig(), CheckpointInfo.of("text8"), tensors, null);
  }

  /** Sends a folder as an archive that stays as long as Spark runs: executors that come later fetch what was sent before. */
  static Path zip(Path folder) throws IOException {
    Path archive = Path.of(System.getenv("SPARK_HOME"), folder.getFileName() + ".zip");
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(archive)); Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        out.putNextEntry(new ZipEntry(file.getFileName().toString()));
        Files.copy(file, out);
      }
    }
    return archive;
  }
}
