package org.tarflowlm.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.file.AtomicFile;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.json.ConfigException;
import org.tarflowlm.json.RecordJson;
import org.tarflowlm.nn.TarFlowNetwork;
import org.tarflowlm.train.Changes;
import org.tarflowlm.train.RunConfig;
import org.tarflowlm.train.Trainer;
import org.tarflowlm.train.TrainingSummary;
import org.tarflowlm.train.Workers;

/**
 * Trains one model on several executors by synchronous parameter averaging. In each round, every worker takes some updates on windows of
 * its own, from the same parameters and moments; the driver then averages the results. A run of one worker equals the local run, bit for
 * bit.
 *
 * <p>The driver keeps the run's folder as {@link Trainer} does, or saves it on a Hadoop file system. There each checkpoint is such a
 * folder ({@code step-00000400}), valid once its {@code _SUCCESS} exists.
 *
 * <p>A round ends early where a validation or a checkpoint is due. If an executor is lost, its round is computed again, with the same
 * bits. If the driver is lost, {@link #resume} continues from the last checkpoint.
 */
public final class SparkTrainer {
  private static final String FILE = "spark.json";

  private final Trainer trainer;
  private final List<Round> rounds = new ArrayList<>();

  /**
   * Times of a round.
   *
   * @param updates number of updates
   * @param seconds from the driver's state to the driver's next state
   * @param inUpdates seconds of it that the slowest worker spent on updates
   */
  public record Round(int updates, double seconds, double inUpdates) {}

  /**
   * Settings of a run besides its configuration.
   *
   * @param workers that compute updates at once, each with a batch of its own; at least 1
   * @param round updates between two averages; at least 1
   * @param documents how documents of the texts are read
   * @param mixedMachines whether executors may compute with other kernels than the driver
   */
  public record Plan(int workers, int round, DocumentOptions documents, boolean mixedMachines) {
    /** @throws ConfigException unless workers and round are at least 1 */
    public Plan {
      ConfigException.requireAtLeast("workers", workers, 1);
      ConfigException.requireAtLeast("round", round, 1);
    }

    /** A plan with default document options, which does not allow mixed machines. */
    public static Plan of(int workers, int round) {
      return new Plan(workers, round, DocumentOptions.DEFAULT, false);
    }
  }

  /** Settings saved in the run's folder, since the results depend on them. */
  record Kept(Integer workers, Integer round) {}

  private SparkTrainer(Trainer trainer, RunStore store, SparkSession spark, RunConfig config, String train, Plan plan) {
    JavaSparkContext context = new JavaSparkContext(spark.sparkContext());
    RemoteWorker.Job job = new RemoteWorker.Job(UUID.randomUUID().toString(), RecordJson.write(config), HadoopText.everywhere(train),
        plan.documents(), plan.workers(), Numerics.ofThisProcess(), plan.mixedMachines(),
        context.broadcast(new SerializableConfiguration(context.hadoopConfiguration())));
    this.trainer = trainer.on(new Executors(context, job, plan.round(), rounds)).onCheckpoint(store::save);
  }

  /**
   * Starts a new run.
   *
   * @param train text that driver and executors can read under this name: a file or folder on shared storage, a part of a corpus, a
   *     folder of token shards, {@code spark-files:NAME}, or an address such as {@code hdfs://host/shards}, which each machine copies
   * @param valid text for the driver, named in the same ways
   * @param out new folder of the driver, or an address such as {@code hdfs://host/run}
   * @param start weights to begin with, or null
   * @throws ConfigException as {@link Trainer#start}
   */
  public static SparkTrainer start(SparkSession spark, Checkpoint start, RunConfig config, String train, String valid, String out,
      Plan plan) throws IOException {
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    RunStore store = RunStore.of(out, hadoop);
    store.requireNew();
    TokenSequence training = RemoteWorker.open(train, config.tokenizer(), plan.documents(), hadoop);
    TokenSequence validation = RemoteWorker.open(valid, config.tokenizer(), plan.documents(), hadoop);
    Trainer trainer = start == null ? Trainer.start(config, training, validation, store.folder())
        : Trainer.startFrom(start, config, training, validation, store.folder());
    AtomicFile.write(store.folder().resolve(FILE), RecordJson.write(new Kept(plan.workers(), plan.round())));
    store.save(0);
    return new SparkTrainer(trainer, store, spark, config, train, plan);
  }

  /**
   * Continues a run from its last checkpoint.
   *
   * @throws ConfigException as {@link Trainer#resume}, or if the run had another number of workers or of updates per round
   */
  public static SparkTrainer resume(SparkSession spark, RunConfig config, String train, String valid, String out, Plan plan,
      Changes changes) throws IOException {
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    RunStore store = RunStore.of(out, hadoop);
    store.restore();
    Path file = store.folder().resolve(FILE);
    Kept now = new Kept(plan.workers(), plan.round());
    if (changes == Changes.REFUSE && Files.exists(file)) {
      Kept then = RecordJson.read(file, Kept.class);
      if (!then.equals(now)) {
        throw new ConfigException(out + " was started with " + then.workers() + " workers and rounds of " + then.round()
            + " updates; expected the same, not " + now.workers() + " and " + now.round());
      }
    }
    Trainer trainer;
    try {
      trainer = Trainer.resume(config, RemoteWorker.open(train, config.tokenizer(), plan.documents(), hadoop),
          RemoteWorker.open(valid, config.tokenizer(), plan.documents(), hadoop), store.folder(), changes);
    } catch (ConfigException e) {
      throw new ConfigException(e.getMessage().replace(store.folder().toString(), out), e);
    }
    AtomicFile.write(file, RecordJson.write(now));
    return new SparkTrainer(trainer, store, spark, config, train, plan);
  }

  /** Trains as {@link Trainer#run} does. */
  public TrainingSummary run(BooleanSupplier interrupted) throws IOException {
    return trainer.run(interrupted);
  }

  /** The driver's network. */
  public ComputationGraph network() {
    return trainer.network();
  }

  /** Times of the rounds so far, in order. */
  public List<Round> rounds() {
    return List.copyOf(rounds);
  }

  static RunConfig config(String json) {
    return RecordJson.read(json, RunConfig.class);
  }

  /** The executors' workers, as the driver's trainer sees them. */
  private record Executors(JavaSparkContext spark, RemoteWorker.Job job, int round, List<Round> rounds) implements Workers {
    @Override
    public int count() {
      return job.workers();
    }

    @Override
    public List<TarFlowNetwork.Step> take(ComputationGraph network, int from, int steps) {
      List<Integer> numbers = IntStream.range(0, job.workers()).boxed().toList();
      long begin = System.nanoTime();
      Broadcast<NetworkState> state = spark.broadcast(NetworkState.of(network, List.of(), 0));
      NetworkState mean = NetworkState.mean(takeAll(spark, job, numbers, state, from, steps));
      state.destroy();
      mean.into(network, from + steps);
      rounds.add(new Round(steps, (System.nanoTime() - begin) / 1e9, mean.seconds()));
      return mean.taken();
    }

    /**
     * The workers' states after their updates, in the order of the workers. A static method, so that the tasks serialise only what they
     * need.
     */
    private static List<NetworkState> takeAll(JavaSparkContext spark, RemoteWorker.Job job, List<Integer> numbers,
        Broadcast<NetworkState> state, int from, int steps) {
      return spark.parallelize(numbers, numbers.size()).map(number -> RemoteWorker.take(job, number, state.value(), from, steps))
          .collect();
    }
  }
}
