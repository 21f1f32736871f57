package org.tarflowlm.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.flow.Sampling;
import org.tarflowlm.ops.FlowOp;
import org.tarflowlm.ops.FlowOps.DecodeOp;
import org.tarflowlm.ops.FlowOps.FlowForwardOp;
import org.tarflowlm.ops.FlowOps.FlowInverseOp;
import org.tarflowlm.ops.Ops;

/**
 * The model from noise to text as a SameDiff graph: one {@link FlowInverseOp} per flow that has its own transformer, the last one first
 * (paper section 3.3). Batch size and length are free.
 *
 * <p>Placeholders: {@link #U} [B, T/P, P*d], the noise. With a prompt, also {@link #PROMPT} [B, n, P*d], the latents with which the text
 * begins; the noise at those n positions is ignored. Outputs: h^(L-1) .. h^(0) [B, T/P, P*d], with the names and order of
 * {@link WindowGraph#latent}, and {@link #IDS} INT [B, T], the most probable tokens of h^(0).
 *
 * <p>If every flow reads left to right and none looks ahead, a continuation is an exact sample given the prompt's latents. Any other flow
 * reads the prompt after its continuation. The graph then solves the flows twice: first with the prompt read alone, which gives a draft,
 * then with the prompt as the flows read it before that draft. The result is the sample of
 * {@link org.tarflowlm.generate.FlowGenerator} without refinements, bit for bit if latents are DOUBLE.
 */
public final class InverseGraph {
  public static final String U = "u";
  public static final String PROMPT = "prompt";
  public static final String IDS = WindowGraph.IDS;

  private final SameDiff sd;
  private final TarFlowConfig config;
  private final Sampling sampling;
  private final Function<String, SDVariable> parameter;
  private final List<Integer> trunks;
  /** The first op of every flow; the flow's other ops share its packed weights. */
  private final Map<Integer, FlowOp> first = new HashMap<>();

  private InverseGraph(SameDiff sd, TarFlowConfig config, Sampling sampling, Function<String, SDVariable> parameter) {
    this.sd = sd;
    this.config = config;
    this.sampling = sampling;
    this.parameter = parameter;
    trunks = config.trunks();
  }

  /**
   * Builds the graph.
   *
   * @param sd an empty graph
   * @param type of the latents: DOUBLE, or FLOAT, which rounds them between flows
   * @param parameters FLOAT arrays by name, used without a copy (views stay views); when they change, so does the graph's output
   * @param sampling how the flows sample
   * @param prompt whether the text begins with a prompt
   * @throws IllegalArgumentException if the model has no flows, or no flow supports the sampling options
   */
  public static void build(SameDiff sd, TarFlowConfig config, DataType type, Map<String, INDArray> parameters, Sampling sampling,
      boolean prompt) {
    Ops.register();
    Map<String, SDVariable> variables = new HashMap<>();
    parameters.forEach((name, array) -> variables.put(name, sd.var(name, array.dataType(), array.shape())));
    SDVariable u = sd.placeHolder(U, type, -1, -1, config.channels());
    SDVariable known = prompt ? sd.placeHolder(PROMPT, type, -1, -1, config.channels()) : null;
    List<SDVariable> h = flows(sd, config, sampling, u, known, variables::get);
    for (int l = 0; l < h.size(); l++) {
      h.get(l).rename(WindowGraph.latent(l));
    }
    new DecodeOp(sd, config, h.get(0), variables::get).outputVariable().castTo(IDS, DataType.INT32);
    parameters.forEach((name, array) -> sd.associateArrayWithVariable(array, sd.getVariable(name)));
  }

  /**
   * Adds the flows to a graph, which may already hold other ops.
   *
   * @param u noise [B, T/P, P*d]
   * @param prompt latents [B, n, P*d]; or null
   * @param parameter gives a parameter's graph variable by name
   * @return h^(0) .. h^(L-1)
   * @throws IllegalArgumentException as {@link #build}
   */
  public static List<SDVariable> flows(SameDiff sd, TarFlowConfig config, Sampling sampling, SDVariable u, SDVariable prompt,
      Function<String, SDVariable> parameter) {
    if (!config.isFlow()) {
      throw new IllegalArgumentException("model is " + config.model() + "; expected " + ModelType.TARFLOW + " for an inverse pass");
    }
    sampling.requireHonoured(config);
    InverseGraph graph = new InverseGraph(sd, config, sampling, parameter);
    if (prompt == null) {
      return graph.solve(u, null);
    }
    // the prompt's levels if read alone; they are final if no flow reads the continuation before the prompt
    List<SDVariable> alone = graph.levels(prompt, prompt);
    List<SDVariable> h = graph.solve(u, alone);
    boolean exact = config.flows().stream().allMatch(flow -> flow.direction() == Direction.LEFT_TO_RIGHT && flow.lookAhead() == 0);
    return exact ? h : graph.solve(u, graph.levels(h.get(0), prompt));
  }

  /**
   * Changes how a built or loaded graph samples, from its next execution on.
   *
   * @throws IllegalArgumentException if the model does not support the sampling options
   */
  public static void sample(SameDiff sd, Sampling sampling) {
    for (SameDiffOp each : sd.getOps().values()) {
      if (each.getOp() instanceof FlowOp op) {
        sampling.requireHonoured(op.config());
        op.sample(sampling.of(op.config(), op.flow()));
      }
    }
  }

  /**
   * Declares a graph's parameters final: from its next execution on, it does not check them for changes. That saves a few percent of the
   * time for a single text of 256 characters.
   */
  public static void fixParameters(SameDiff sd) {
    for (SameDiffOp each : sd.getOps().values()) {
      if (each.getOp() instanceof FlowOp op) {
        op.fixParameters();
      } else if (each.getOp() instanceof DecodeOp op) {
        op.fixParameters();
      }
    }
  }

  /** h^(0) .. h^(L-1) from the noise. */
  private List<SDVariable> solve(SDVariable u, List<SDVariable> known) {
    SDVariable[] h = new SDVariable[config.flows().size()];
    SDVariable above = u;
    for (int g = trunks.size() - 1; g >= 0; g--) {
      int l = trunks.get(g);
      FlowOp op = new FlowInverseOp(sd, config, l, sampling.of(config, l), above, known == null ? null : known.get(g), parameter);
      above = sharing(op).outputVariable();
      h[l] = above;
      if (config.endOfTrunk(l) > l + 1) {
        // levels between in-token flows need an extra pass, which runs only if they are requested
        op = new FlowForwardOp(sd, config, l, sampling.of(config, l), above, known == null ? null : known.get(g), parameter);
        System.arraycopy(sharing(op).outputVariables(), 0, h, l + 1, config.endOfTrunk(l) - l - 1);
      }
    }
    return List.of(h);
  }

  /** The prompt's part of every trunk's input, given an h^(0) that begins with the prompt. */
  private List<SDVariable> levels(SDVariable z, SDVariable prompt) {
    List<SDVariable> known = new ArrayList<>(List.of(prompt));
    SDVariable h = z;
    for (int l : trunks.subList(0, trunks.size() - 1)) {
      SDVariable[] u = sharing(new FlowForwardOp(sd, config, l, sampling.of(config, l), h, prompt, parameter)).outputVariables();
      h = u[config.endOfTrunk(l) - l - 1];
      known.add(u[u.length - 1]);
    }
    return known;
  }

  private FlowOp sharing(FlowOp op) {
    op.share(first.computeIfAbsent(op.flow(), l -> op));
    return op;
  }
}
