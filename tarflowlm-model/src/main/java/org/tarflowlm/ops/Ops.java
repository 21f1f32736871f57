package org.tarflowlm.ops;

import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.imports.converters.ImportClassMapping;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.kernel.NativeSetup;
import org.tarflowlm.stock.StockOps;

/** Registers the project's ops with SameDiff, which looks ops up by name when it copies, differentiates or loads a graph. */
public final class Ops {
  static final List<Class<?>> FORMULAS = List.of(AffineOps.class, MixtureCdfOps.class, RosenblattOps.class, CodebookOps.class,
      LinearOps.class, MaskedLinearOps.class, TransformerOps.class, FlowOps.class);

  private Ops() {}

  /** Registers every op of the project once. Call it before building a graph; {@link OpsHook} registers the ops when ND4J starts. */
  public static void register() {
    NativeSetup.ensure(); // before anything loads the backend
    // start ND4J first, while we hold no lock: its start calls OpsHook, and two threads could otherwise deadlock
    Nd4j.getBackend();
    Registry.fill();
  }

  /** Registers the ops when it is first used. */
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

  /** Registers a class and the classes nested in it, such as its gradient, if they are ops. */
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
