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
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.flow.KnownLevels;
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
 * reads the prompt after its continuation. If a flow above it reads the outcome ({@link KnownLevels}), the graph solves the flows twice:
 * first with the prompt read alone, which gives a draft, then with the prompt as the flows read it before that draft. The result is the
 * sample of {@link org.tarflowlm.generate.FlowGenerator} without refinements, bit for bit if latents are DOUBLE. The prompt's part of a
 * level on which z does not depend is computed only if that level is requested.
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
    return graph.withInTokenFlows(prompt == null ? graph.solve(u, List.of(), null) : graph.after(prompt, u), prompt);
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

  /** The trunks' inputs after a prompt. */
  private SDVariable[] after(SDVariable prompt, SDVariable u) {
    int last = trunks.size() - 1;
    KnownLevels read = KnownLevels.of(config, true, false);
    // the prompt's levels if read alone; they are final if no flow below them reads the continuation before the prompt
    SDVariable[] h = solve(u, levels(prompt, prompt, read.highest()), prompt);
    if (read.highest() == last && read.fixed()) {
      return h;
    }
    List<SDVariable> known = levels(h[0], prompt, last);
    if (!read.fixed()) {
      h = solve(u, known.subList(0, read.highest() + 1), prompt);
    }
    // z is solved without the known positions of the levels above, so these ops run only if their levels are requested
    SDVariable above = u;
    for (int g = last; g > read.highest(); g--) {
      above = inverse(g, above, known.get(g));
      h[g] = above;
    }
    return h;
  }

  /**
   * The trunks' inputs from the noise.
   *
   * @param known the prompt's part of each input from the first on, up to the last one that a flow reads there. Inputs above have z's
   *     prompt in its place
   */
  private SDVariable[] solve(SDVariable u, List<SDVariable> known, SDVariable prompt) {
    SDVariable[] h = new SDVariable[trunks.size()];
    SDVariable above = u;
    for (int g = h.length - 1; g >= 0; g--) {
      above = inverse(g, above, g < known.size() ? known.get(g) : prompt);
      h[g] = above;
    }
    return h;
  }

  private SDVariable inverse(int g, SDVariable above, SDVariable known) {
    int l = trunks.get(g);
    return sharing(new FlowInverseOp(sd, config, l, sampling.of(config, l), above, known, parameter)).outputVariable();
  }

  /** The prompt's part of the inputs of trunks 0 to {@code highest}, given an h^(0) that begins with the prompt. */
  private List<SDVariable> levels(SDVariable z, SDVariable prompt, int highest) {
    List<SDVariable> known = new ArrayList<>(List.of(prompt));
    SDVariable h = z;
    for (int l : trunks.subList(0, highest)) {
      SDVariable[] u = forward(l, h, prompt);
      h = u[config.endOfTrunk(l) - l - 1];
      known.add(u[u.length - 1]);
    }
    return known;
  }

  /** h^(0) .. h^(L-1) from the trunks' inputs. Levels between in-token flows need an extra pass, which runs only if they are requested. */
  private List<SDVariable> withInTokenFlows(SDVariable[] inputs, SDVariable prompt) {
    SDVariable[] h = new SDVariable[config.flows().size()];
    for (int g = 0; g < inputs.length; g++) {
      int l = trunks.get(g);
      h[l] = inputs[g];
      if (config.endOfTrunk(l) > l + 1) {
        System.arraycopy(forward(l, h[l], prompt), 0, h, l + 1, config.endOfTrunk(l) - l - 1);
      }
    }
    return List.of(h);
  }

  private SDVariable[] forward(int l, SDVariable z, SDVariable prompt) {
    return sharing(new FlowForwardOp(sd, config, l, sampling.of(config, l), z, prompt, parameter)).outputVariables();
  }

  private FlowOp sharing(FlowOp op) {
    op.share(first.computeIfAbsent(op.flow(), l -> op));
    return op;
  }
}
