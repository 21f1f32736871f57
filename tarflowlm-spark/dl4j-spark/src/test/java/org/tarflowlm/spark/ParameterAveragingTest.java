package org.tarflowlm.spark;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.spark.api.RDDTrainingApproach;
import org.deeplearning4j.spark.impl.graph.SparkComputationGraph;
import org.deeplearning4j.spark.impl.paramavg.ParameterAveragingTrainingMaster;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.tarflowlm.config.CodebookSpec;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.tokenize.Tokenizers;
import org.tarflowlm.data.tokens.TokenArray;
import org.tarflowlm.data.windows.WindowIterator;
import org.tarflowlm.nn.OptimizerSpec;
import org.tarflowlm.nn.TarFlowNetwork;

/** DL4J's parameter averaging over two workers of local Spark: the loss falls. */
class ParameterAveragingTest {
  @Test
  void theLossFalls() {
    TarFlowConfig config = new TarFlowConfig(ModelType.TARFLOW, 27, 16, 3, 16, 2, 1, false,
        List.of(FlowSpec.tiedMixD(1, 27, Direction.LEFT_TO_RIGHT)), CodebookSpec.defaults(), null, 8, null);
    String text = "call me ishmael some years ago never mind how long precisely ".repeat(40).strip();
    WindowIterator windows = WindowIterator.builder(TokenArray.of(text, Tokenizers.byName("text8")), config.contextLength()).batch(4)
        .shuffled(1).endless().build();
    List<MultiDataSet> batches = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      batches.add(windows.next());
    }
    OptimizerSpec quick = OptimizerSpec.defaults().withLearningRate(0.02).withWarmupSteps(0).withFinalFraction(0.1).withBetas(0.9, 0.99)
        .withWeightDecay(0.0).withClipNorm(1.0);
    ComputationGraph network = TarFlowNetwork.create(config, quick, 40, 11);
    double before = network.score(batches.get(0));
    SparkConf conf = new SparkConf().setMaster("local[2]").setAppName("dl4j-spark").set("spark.ui.enabled", "false");
    try (JavaSparkContext spark = new JavaSparkContext(conf)) {
      ParameterAveragingTrainingMaster master = new ParameterAveragingTrainingMaster.Builder(2, 1).averagingFrequency(2)
          .batchSizePerWorker(1).workerPrefetchNumBatches(0).rddTrainingApproach(RDDTrainingApproach.Direct).build();
      SparkComputationGraph graph = new SparkComputationGraph(spark, network, master);
      graph.fitMultiDataSet(spark.parallelize(batches, 2));
      double after = graph.getNetwork().score(batches.get(0));
      assertTrue(after < before - 0.05, before + " to " + after);
    }
  }
}
