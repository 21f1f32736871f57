package org.tarflowlm.stock;

import java.util.List;

/** The package's ops, which SameDiff must know by name when it copies, differentiates or loads a graph. */
public final class StockOps {
  public static final List<PassedOn> ALL = List.of(new Stopped(), new NormalQuantile(), new MixtureTerms(), new Attention(),
      new LayerNorm(), new Linear(), new Gelu());

  private StockOps() {}
}
