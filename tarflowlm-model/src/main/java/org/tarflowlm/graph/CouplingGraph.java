package org.tarflowlm.graph;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.config.CodebookSpec;
import org.tarflowlm.config.Coupling;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.ops.Ops;

/**
 * One coupling without the network that predicts its parameters: a graph of random inputs whose loss is the sum of u and of the
 * log-determinants. It serves to measure the coupling's own cost with either kernel choice.
 */
public final class CouplingGraph {
  private final SameDiff sd = SameDiff.create();
  private final List<String> inputs;

  /**
   * @param rows number of tokens, each with a vector of {@code dims} numbers
   * @param mixtures K, number of components
   */
  public CouplingGraph(Coupling coupling, KernelChoice kernels, DataType type, int rows, int dims, int mixtures) {
    Ops.register();
    FlowSpec flow = switch (coupling) {
      case AFFINE -> FlowSpec.affine(1, Direction.LEFT_TO_RIGHT);
      case MIX_1 -> FlowSpec.mix1(1, mixtures, Direction.LEFT_TO_RIGHT);
      case MIX_D, AFFINE_D -> new FlowSpec(coupling, 1, mixtures, Direction.LEFT_TO_RIGHT, false);
    };
    TarFlowConfig config = new TarFlowConfig(ModelType.TARFLOW, Math.max(2, mixtures), rows, dims, dims, 1, 1, null, List.of(flow),
        CodebookSpec.defaults(), null, null, null);
    Couplings couplings = kernels.usesJava() ? new KernelCouplings(sd) : new ComposedCouplings(sd, type, config, rows);
    Map<String, SDVariable> in = new LinkedHashMap<>();
    Random random = new Random(3);
    in.put("z", variable("z", type, random, 1, rows, dims));
    if (coupling.sharesComponents()) {
      in.put("logits", variable("logits", type, random, 1, rows, mixtures));
      in.put("means", variable("means", type, random, mixtures, dims));
      in.put("logScales", variable("logScales", type, random, mixtures));
    } else {
      in.put("theta", variable("theta", type, random, 1, rows, dims, coupling == Coupling.AFFINE ? 2 : 3L * mixtures));
    }
    Couplings.Coupled result = switch (coupling) {
      case AFFINE -> couplings.affine(in.get("z"), in.get("theta"));
      case MIX_1 -> couplings.mixtureCdf(in.get("z"), in.get("theta"), mixtures);
      case MIX_D -> couplings.rosenblatt(in.get("z"), in.get("logits"), Matrix.of(in.get("means")), in.get("logScales"));
      case AFFINE_D -> couplings.momentMatched(in.get("z"), in.get("logits"), in.get("means"), in.get("logScales"));
    };
    result.u().sum().add(result.logDeterminant().sum()).rename(WindowGraph.LOSS);
    sd.setLossVariables(WindowGraph.LOSS);
    inputs = List.copyOf(in.keySet());
  }

  /** The graph; its loss is {@link WindowGraph#LOSS}. */
  public SameDiff sameDiff() {
    return sd;
  }

  /** Names of the inputs, which are variables of the graph. */
  public List<String> inputs() {
    return inputs;
  }

  private SDVariable variable(String name, DataType type, Random random, long... shape) {
    INDArray values = Nd4j.create(type, shape);
    for (long i = 0; i < values.length(); i++) {
      values.data().put(i, 0.5 * random.nextGaussian());
    }
    return sd.var(name, values);
  }
}
