package org.tarflowlm.ops;

import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.coupling.Components;
import org.tarflowlm.flow.FlowPass;
import org.tarflowlm.flow.LatentDecoder;
import org.tarflowlm.flow.Sampling;
import org.tarflowlm.flow.StackWeights;
import org.tarflowlm.kernel.Parallel;

/** Generation as ops: a whole flow in either direction, and decoding latents to tokens. They have no gradients. */
public final class FlowOps {
  private FlowOps() {}

  /**
   * The inverse of a whole flow and its in-token flows as one op: computes z from u, with cached keys and values and root finding (paper
   * section 3.3). Inputs: u [B, T', D], a prompt's latents [B, n, D] if there is one, the parameters of {@link FlowOp#parameterNames}.
   * With a prompt, z begins with the prompt's latents, and the op does not read the first n positions of u. The channels of u and z are in
   * the order of z. The op packs the parameters at its first execution and again after they change.
   */
  @Op(name = "tarflow_flow_inverse", in = "u [B, T', D]", out = "z [B, T', D]")
  public static final class FlowInverseOp extends FlowOp {
    public FlowInverseOp() {}

    /**
     * The op in a graph.
     *
     * @param config the model's configuration
     * @param flow index of a flow that has its own transformer
     * @param sampling options that the flow supports; see {@link Sampling#of}
     * @param prompt latents with which z begins; or null
     * @param parameter gives the graph variable of a parameter by its name
     * @throws IllegalArgumentException if the flow does not support the sampling, or shares another flow's transformer
     */
    public FlowInverseOp(SameDiff sd, TarFlowConfig config, int flow, Sampling sampling, SDVariable u, SDVariable prompt,
        Function<String, SDVariable> parameter) {
      super(sd, config, flow, sampling, u, prompt, parameter);
    }

    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      requireLatents("u", inputs);
      return new long[][] {inputs.get(0).shape()};
    }

    @Override
    protected void run(List<INDArray> inputs, List<INDArray> outputs) {
      double[][] u = sequences(inputs.get(0));
      double[][] known = hasPrompt() ? sequences(prompt(inputs)) : new double[u.length][0];
      write(FlowPass.inverse(weights(inputs), sampling(), config().channels(), u, known), outputs.get(0));
    }
  }

  /**
   * A whole flow from data to noise. It runs the kernel of {@link FlowInverseOp} and agrees with it to the last bit. Generation uses it for
   * a prompt's latents at the levels above z, and for the levels between in-token flows; training uses the forward graph.
   *
   * <p>Inputs: those of {@link FlowInverseOp}, with z in place of u; the op reads only the prompt's length n. Outputs: those of the flow
   * and of each in-token flow, all [B, T', D]; the last is u. With a prompt, one more output holds the first n positions of u, [B, n, D].
   * Sampling acts on the positions after the prompt.
   */
  @Op(name = "tarflow_flow_forward", in = "z [B, T', D]", out = "u [B, T', D]")
  public static final class FlowForwardOp extends FlowOp {
    public FlowForwardOp() {}

    /** The op in a graph; arguments as for {@link FlowInverseOp}. */
    public FlowForwardOp(SameDiff sd, TarFlowConfig config, int flow, Sampling sampling, SDVariable z, SDVariable prompt,
        Function<String, SDVariable> parameter) {
      super(sd, config, flow, sampling, z, prompt, parameter);
    }

    @Override
    int levels() {
      return config().endOfTrunk(flow()) - flow();
    }

    @Override
    public int getNumOutputs() {
      return levels() + (hasPrompt() ? 1 : 0);
    }

    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      requireLatents("z", inputs);
      long[][] shapes = new long[getNumOutputs()][];
      Arrays.fill(shapes, inputs.get(0).shape());
      if (hasPrompt()) {
        shapes[shapes.length - 1] = prompt(inputs).shape();
      }
      return shapes;
    }

    @Override
    protected void run(List<INDArray> inputs, List<INDArray> outputs) {
      int known = hasPrompt() ? Math.toIntExact(prompt(inputs).size(1)) : 0;
      double[][][] levels = FlowPass.forward(weights(inputs), sampling(), config().channels(), sequences(inputs.get(0)), known);
      for (int i = 0; i < outputs.size(); i++) {
        write(levels[Math.min(i, levels.length - 1)], outputs.get(i));
      }
    }
  }

  /**
   * The most probable token of every latent under the codebook's posterior (paper section 3.1). Inputs: z [B, T', P d] and the codebook's
   * parameters. Output: token ids [B, T' P], whole numbers in z's type, which the caller casts.
   */
  @Op(name = "tarflow_decode", in = "z [B, T', P d]", out = "ids [B, T]")
  public static final class DecodeOp extends JavaOp {
    private static final List<String> CODEBOOK = List.of("codebook.");

    private final FlowOp.PackedParameters<Components> packed = new FlowOp.PackedParameters<>();
    private TarFlowConfig config;

    public DecodeOp() {}

    /**
     * The op in a graph.
     *
     * @param parameter gives the graph variable of a parameter by its name
     */
    public DecodeOp(SameDiff sd, TarFlowConfig config, SDVariable z, Function<String, SDVariable> parameter) {
      addSArgument(config.toJson());
      in(sd, Stream.concat(Stream.of(z), FlowOp.parameterNames(config, CODEBOOK).stream().map(parameter)).toArray(SDVariable[]::new));
    }

    /** Promises that the parameters will not change again. The op packs them once, if it has not yet, and stops checking them. */
    public void fixParameters() {
      packed.fix();
    }

    @Override
    public void configureFromArguments() {
      super.configureFromArguments();
      config();
    }

    private TarFlowConfig config() {
      if (config == null) {
        config = TarFlowConfig.fromJson(getSArgument(0));
      }
      return config;
    }

    @Override
    protected long[][] outputShapes(List<INDArray> inputs) {
      INDArray z = inputs.get(0);
      if (z.rank() != 3 || z.size(2) != config().channels()) {
        throw new IllegalArgumentException(
            opName() + ": shape of z is " + Arrays.toString(z.shape()) + "; expected [batch, positions, " + config().channels() + "]");
      }
      return new long[][] {{z.size(0), z.size(1) * config().patchSize()}};
    }

    @Override
    protected void run(List<INDArray> inputs, List<INDArray> outputs) {
      List<INDArray> parameters = inputs.subList(1, inputs.size());
      Components codebook = packed.get(parameters,
          () -> StackWeights.codebook(config(), FlowOp.values(FlowOp.parameterNames(config(), CODEBOOK), parameters)));
      LatentDecoder decoder = new LatentDecoder(codebook);
      double[][] z = FlowOp.sequences(inputs.get(0));
      double[][] ids = new double[z.length][];
      Parallel.run(z.length, b -> ids[b] = Arrays.stream(decoder.decode(z[b])).asDoubleStream().toArray());
      FlowOp.write(ids, outputs.get(0));
    }
  }
}
