package org.tarflowlm.zoo;

import org.tarflowlm.config.TextFormat;

/** Models of text8: 27 symbols, latents of 5 dimensions. */
@SuppressWarnings("unchecked") // as in TarFlowZooModel
public final class Text8TarFlow extends TarFlowZooModel {
  private Text8TarFlow(Builder<Text8TarFlow> builder) {
    super(TextFormat.TEXT8, builder);
  }

  public static Builder<Text8TarFlow> builder() {
    return new Builder<>(Text8TarFlow::new);
  }
}
