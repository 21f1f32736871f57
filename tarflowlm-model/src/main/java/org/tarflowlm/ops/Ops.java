package org.tarflowlm.ops;

import java.util.List;
import org.nd4j.imports.converters.ImportClassMapping;

/** Makes the project's ops known to SameDiff, which looks ops up by name when it copies, differentiates or loads a graph. */
public final class Ops {
  static {
    List<JavaOp> all = List.of();
    for (JavaOp op : all) {
      ImportClassMapping.getOpNameMapping().put(op.opName(), op);
    }
  }

  private Ops() {}

  /** Registers every op of the project, once; to be called before a graph is built or loaded. */
  public static void register() {
    // the static initialiser does it
  }
}
