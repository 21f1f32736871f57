package org.tarflowlm.ops;

import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.imports.converters.ImportClassMapping;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.kernel.NativeSetup;
import org.tarflowlm.ops.AffineOps.AffineInverseOp;
import org.tarflowlm.ops.AffineOps.AffineLogDensityOp;
import org.tarflowlm.ops.AffineOps.AffineOp;
import org.tarflowlm.ops.CodebookOps.EncodeOp;
import org.tarflowlm.ops.CodebookOps.LogPosteriorOp;
import org.tarflowlm.ops.CodebookOps.VaeTermOp;
import org.tarflowlm.ops.FeedForwardOps.BiasGeluOp;
import org.tarflowlm.ops.FeedForwardOps.EluOp;
import org.tarflowlm.ops.FeedForwardOps.FeedForwardOp;
import org.tarflowlm.ops.LinearOps.LinearOp;
import org.tarflowlm.ops.LinearOps.LinearResidualOp;
import org.tarflowlm.ops.LinearOps.MatmulOp;
import org.tarflowlm.ops.MixtureCdfOps.MixtureCdfInverseOp;
import org.tarflowlm.ops.MixtureCdfOps.MixtureCdfLogDensityOp;
import org.tarflowlm.ops.MixtureCdfOps.MixtureCdfOp;
import org.tarflowlm.ops.RosenblattOps.RosenblattInverseOp;
import org.tarflowlm.ops.RosenblattOps.RosenblattLogDensityOp;
import org.tarflowlm.ops.RosenblattOps.RosenblattOp;
import org.tarflowlm.ops.TransformerOps.CausalAttentionOp;
import org.tarflowlm.ops.TransformerOps.CrossEntropyOp;
import org.tarflowlm.ops.TransformerOps.EmbeddingOp;
import org.tarflowlm.ops.TransformerOps.LayerNormOp;
import org.tarflowlm.ops.TransformerOps.ShiftPositionOp;
import org.tarflowlm.stock.StockOps;

/** Makes the project's ops known to SameDiff, which looks ops up by name when it copies, differentiates or loads a graph. */
public final class Ops {
  private Ops() {}

  /** Registers every op of the project, once; to be called before a graph is built. ND4J calls it when it starts ({@link OpsHook}). */
  public static void register() {
    NativeSetup.ensure(); // before anything loads the backend
    // ND4J first and with no lock of ours held: its start comes back here, and two threads must not wait for each other
    Nd4j.getBackend();
    Registry.fill();
  }

  /** Filled at first use. */
  static final class Registry {
    static {
      fillAll();
    }

    private Registry() {}

    static void fill() {
      // the static initialiser does it
    }
  }

  private static void fillAll() {
    List<JavaOp> all = List.of(
        new LinearOp(), new LinearOp.Gradient(),
        new LinearResidualOp(), new ReverseOp(),
        new MatmulOp(), new MatmulOp.Gradient(),
        new LayerNormOp(), new LayerNormOp.Gradient(),
        new BiasGeluOp(), new BiasGeluOp.Gradient(),
        new FeedForwardOp(), new FeedForwardOp.Gradient(),
        new EluOp(), new EluOp.Gradient(),
        new CausalAttentionOp(), new CausalAttentionOp.Gradient(),
        new EmbeddingOp(), new EmbeddingOp.Gradient(),
        new ShiftPositionOp(), new ShiftPositionOp.Gradient(),
        new CrossEntropyOp(), new CrossEntropyOp.Gradient(),
        new MixtureCdfOp(), new MixtureCdfOp.Gradient(),
        new MixtureCdfLogDensityOp(), new MixtureCdfLogDensityOp.Gradient(),
        new RosenblattOp(), new RosenblattOp.Gradient(),
        new MomentMatchedOp(), new MomentMatchedOp.Gradient(),
        new RosenblattLogDensityOp(), new RosenblattLogDensityOp.Gradient(),
        new AffineOp(), new AffineOp.Gradient(),
        new AffineLogDensityOp(), new AffineLogDensityOp.Gradient(),
        new EncodeOp(), new EncodeOp.Gradient(),
        new VaeTermOp(), new VaeTermOp.Gradient(),
        new LogPosteriorOp(), new LogPosteriorOp.Gradient(),
        new BoundLogScalesOp(), new BoundLogScalesOp.Gradient(),
        new MixtureCdfInverseOp(), new RosenblattInverseOp(), new AffineInverseOp(),
        new FlowInverseOp(), new FlowForwardOp(), new DecodeOp());
    Map<String, DifferentialFunction> known = ImportClassMapping.getOpNameMapping();
    all.forEach(op -> known.put(op.opName(), op));
    StockOps.ALL.forEach(op -> known.put(op.opName(), op));
  }
}
