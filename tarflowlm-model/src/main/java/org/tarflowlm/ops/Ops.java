package org.tarflowlm.ops;

import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.imports.converters.ImportClassMapping;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.kernel.NativeSetup;
import org.tarflowlm.stock.StockOps;

/** Makes the project's ops known to SameDiff, which looks ops up by name when it copies, differentiates or loads a graph. */
public final class Ops {
  static final List<Class<?>> FORMULAS = List.of(AffineOps.class, MixtureCdfOps.class, RosenblattOps.class, CodebookOps.class,
      LinearOps.class, TransformerOps.class, FlowOps.class);

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
      Map<String, DifferentialFunction> known = ImportClassMapping.getOpNameMapping();
      FORMULAS.forEach(formula -> add(formula, known));
      StockOps.ALL.forEach(op -> known.put(op.opName(), op));
    }

    private Registry() {}

    static void fill() {
      // the static initialiser does it
    }
  }

  /** Every op among the classes of a formula: their gradients stand inside them. */
  private static void add(Class<?> type, Map<String, DifferentialFunction> known) {
    if (type.isAnnotationPresent(Op.class)) {
      try {
        JavaOp op = (JavaOp) type.getConstructor().newInstance();
        known.put(op.opName(), op);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(type + " has no public constructor without arguments, by which graphs clone an op", e);
      }
    }
    for (Class<?> inside : type.getDeclaredClasses()) {
      add(inside, known);
    }
  }
}
