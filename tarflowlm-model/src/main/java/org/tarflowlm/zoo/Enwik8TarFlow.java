package org.tarflowlm.zoo;

import org.tarflowlm.config.TextFormat;

/** Models of enwik8: bytes of Wikipedia's XML, latents of 8 dimensions. */
@SuppressWarnings("unchecked") // as in TarFlowZooModel
public final class Enwik8TarFlow extends TarFlowZooModel {
  private Enwik8TarFlow(Builder<Enwik8TarFlow> builder) {
    super(TextFormat.ENWIK8, builder);
  }

  public static Builder<Enwik8TarFlow> builder() {
    return new Builder<>(Enwik8TarFlow::new);
  }
}
