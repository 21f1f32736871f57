package org.tarflowlm.stock;

import java.util.List;
import java.util.Map;

/** This package's ops, which SameDiff must find by name when it copies, differentiates or loads a graph. */
public final class StockOps {
  /** Must be initialised before {@link #ALL}: ND4J asks for an op's name as soon as it is created. */
  static final Map<Class<? extends PassedOn>, String> NAMES = Map.of(
      Stopped.class, "tarflow_stock_stopped", NormalQuantile.class, "tarflow_stock_quantile", MixtureTerms.class, "tarflow_stock_mixture",
      Attention.class, "tarflow_stock_attention", LayerNorm.class, "tarflow_stock_layer_norm", Linear.class, "tarflow_stock_linear",
      Gelu.class, "tarflow_stock_gelu");
  public static final List<PassedOn> ALL = List.of(new Stopped(), new NormalQuantile(), new MixtureTerms(), new Attention(),
      new LayerNorm(), new Linear(), new Gelu());

  private StockOps() {}
}
